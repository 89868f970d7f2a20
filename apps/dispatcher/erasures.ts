import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import { routesOf, type Destination } from '#dispatch/channel.js';
import { ErasureChaser, type AskErasure, type ErasureProof } from '#dispatch/erasure.js';
import type { Partners } from '#dispatch/partners.js';
import { CaseKeys } from '#storage/case-keys.js';
import { PgErasureStore } from '#storage/erasure-store.js';

/** Asks partners to erase what has ended: over their connections where those can, else by the list that they read at the API. */
export function erasureChaserOf({ source, masterKey, clock, ids, log, configuration }: House, partners: Partners): ErasureChaser {
  const askOf: ConstructorParameters<typeof ErasureChaser>[0]['askOf'] = (id) => {
    const asks = (partners.get(id)?.routes ?? []).flatMap(({ connection }) => connection.askErasure ?? []);
    return asks.length > 0 ? everyOne(asks) : undefined;
  };
  return new ErasureChaser({
    store: new PgErasureStore(source, new CaseKeys(masterKey), clock, ids), askOf, clock, log,
    get proofs() { return erasureProofs(configuration.destinations); },
    get reachable() { return configuration.destinations.map((d) => d.id).filter((id) => askOf(id) !== undefined); },
  });
}

/** What each destination's channels declare as proof of an erasure. */
export function erasureProofs(destinations: readonly Destination[]): readonly ErasureProof[] {
  return destinations.flatMap((destination) => routesOf(destination).flatMap(({ id, channel, settings }) =>
    (channelByKind(channel).erasedWords?.(settings) ?? []).map((word) => ({ destination: id, channel, word }))));
}

/** Each route may end in a system that has the data: all are asked, and what is told is the first that did not accept. */
function everyOne(asks: readonly AskErasure[]): AskErasure {
  return async (request, signal) => {
    const outcomes = await Promise.all(asks.map((ask) => ask(request, signal)));
    return outcomes.find(({ kind }) => kind !== 'accepted') ?? outcomes[0]!;
  };
}
