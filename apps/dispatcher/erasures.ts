import type { House } from '#apps/composition.js';
import { ErasureChaser } from '#dispatch/erasure.js';
import type { Partners } from '#dispatch/partners.js';
import { CaseKeys } from '#storage/case-keys.js';
import { PgErasureStore } from '#storage/erasure-store.js';

/** Asks partners to erase what has ended: over their connections where those can, else by the list that they read at the API. */
export function erasureChaserOf({ source, masterKey, clock, ids, log, configuration }: House, partners: Partners): ErasureChaser {
  const askOf: ConstructorParameters<typeof ErasureChaser>[0]['askOf'] = (id) => partners.get(id)?.connection.askErasure;
  return new ErasureChaser({
    store: new PgErasureStore(source, new CaseKeys(masterKey), clock, ids), askOf, clock, log,
    reachable: configuration.destinations.map((d) => d.id).filter((id) => askOf(id) !== undefined),
  });
}
