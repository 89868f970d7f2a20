import type { House } from '#apps/composition.js';
import type { ChangeKinds } from '#identity/change.js';
import { officerChangeKinds } from '#identity/officer-change-kinds.js';
import { PgOfficerStore } from '#storage/officer-store.js';

/** Every kind of change that two administrators make, by name. A new one is a line here; `changeKind` tells what it takes. */
export function changeKindsOf({ source, masterKey, ids, configuration }: House): ChangeKinds {
  return {
    ...officerChangeKinds({ officers: new PgOfficerStore(source), masterKey, ids, isDestination: (id) => configuration.destinations.some((d) => d.id === id) }),
  };
}
