import type { House } from '#apps/composition.js';
import type { ChangeKinds } from '#identity/change.js';
import { officerChangeKinds } from '#identity/officer-change-kinds.js';
import { PgOfficerStore } from '#storage/officer-store.js';
import { destinationChangeKinds } from './destination-change-kinds.js';

/** Every kind of change that two administrators make, by name. A new one is a line here; `changeKind` tells what it takes. */
export function changeKindsOf(house: House): ChangeKinds {
  const { source, masterKey, ids, book } = house;
  return {
    ...officerChangeKinds({ officers: new PgOfficerStore(source), masterKey, ids, isDestination: (id) => book.known().some((d) => d.id === id) }),
    ...destinationChangeKinds(house),
  };
}
