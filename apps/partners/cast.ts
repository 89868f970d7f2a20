import type { SecretReader } from '#config/secrets.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';

interface FakePartnerModule {
  startFakePartner(destination: Destination, options: { secret: SecretReader; apiUrl?: string }): Promise<FakePartner>;
}

/** The simulated partners that are playing, by destination. */
export type Cast = ReadonlyMap<string, FakePartner>;

/**
 * Starts every simulated partner of a configuration. A channel's fake partner lies in the channel's own folder, so a new
 * channel needs no change here.
 */
export async function startCast(destinations: readonly Destination[], secret: SecretReader, apiUrl: string): Promise<Cast> {
  const playing = new Map<string, FakePartner>();
  for (const destination of destinations.filter((d) => d.simulated)) {
    const { startFakePartner } = (await import(`../../libs/channels/${destination.channel}/fake-partner.js`)) as FakePartnerModule;
    playing.set(destination.id, await startFakePartner(destination, { secret, apiUrl }).catch((error: unknown) => {
      throw portTaken(error, destination.id) ?? error;
    }));
  }
  return playing;
}

/** What an operator can do something about, said as a sentence. */
function portTaken(error: unknown, id: string): Error | undefined {
  const { code, port } = error as { code?: string; port?: number };
  if (code !== 'EADDRINUSE') return undefined;
  return new Error(`Port ${port} of the simulated partner ${id} is in use, perhaps by another Find Me. Stop that, or give ${id} another port in the configuration.`);
}
