import type { SecretReader } from '#config/secrets.js';
import { routeName, routesOf, type Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';

interface FakePartnerModule {
  startFakePartner(destination: Destination, options: { secret: SecretReader; apiUrl?: string; isFurtherRoute?: boolean }): Promise<FakePartner>;
}

/** The simulated partners that are playing, by the name of their route: `mts`, and `mts#2` for the second way to it. */
export type Cast = ReadonlyMap<string, FakePartner>;

/**
 * Starts every simulated partner of a configuration, one for each of its routes. A channel's fake partner lies in the
 * channel's own folder, so a new channel needs no change here.
 */
export async function startCast(destinations: readonly Destination[], secret: SecretReader, apiUrl: string): Promise<Cast> {
  const played = destinations.filter((d) => d.simulated).flatMap((d) => routesOf(d).map((destination, route) => ({ destination, name: routeName(d.id, route), isFurtherRoute: route > 0 })));
  const modules = new Map<string, FakePartnerModule>();
  for (const kind of new Set(played.map(({ destination }) => destination.channel))) {
    modules.set(kind, (await import(`../../libs/channels/${kind}/fake-partner.js`)) as FakePartnerModule);
  }
  const playing = await Promise.all(played.map(async ({ destination, name, isFurtherRoute }) => {
    const partner = await modules.get(destination.channel)!.startFakePartner(destination, { secret, apiUrl, isFurtherRoute }).catch((error: unknown) => {
      throw portTaken(error, name) ?? error;
    });
    return [name, partner] as const;
  }));
  return new Map(playing);
}

/** What an operator can do something about, said as a sentence. */
function portTaken(error: unknown, id: string): Error | undefined {
  const { code, port } = error as { code?: string; port?: number };
  if (code !== 'EADDRINUSE') return undefined;
  return new Error(`Port ${port} of the simulated partner ${id} is in use, perhaps by another Find Me. Stop that, or give ${id} another port in the configuration.`);
}
