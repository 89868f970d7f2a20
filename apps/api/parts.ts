import type { House } from '#apps/composition.js';
import { catalog } from '#channels/catalog.js';
import { AlertActions } from '#alerts/alert-actions.js';
import type { Notice } from '#alerts/notice.js';
import { DraftActions } from '#alerts/draft-actions.js';
import { Accounts } from '#identity/accounts.js';
import { Changes } from '#identity/changes.js';
import { Enrolments } from '#identity/enrolment.js';
import { PasskeyCeremonies, relyingParty } from '#identity/passkey.js';
import { Passkeys } from '#identity/passkeys.js';
import { Passwords } from '#identity/password.js';
import { PgOfficerStore, PgSessionStore, PgThrottleStore } from '#storage/officer-store.js';
import { AlertViews } from '#storage/alert-views.js';
import { AnsweredRequests } from '#storage/answered-requests.js';
import { CaseKeys } from '#storage/case-keys.js';
import { PgChangeStore } from '#storage/change-store.js';
import { PgEnrolmentStore } from '#storage/enrolment-store.js';
import { DraftDesk } from '#storage/draft-desk.js';
import { PgDraftStore } from '#storage/draft-store.js';
import { PgErasureStore } from '#storage/erasure-store.js';
import { PgPasskeyStore } from '#storage/passkey-store.js';
import { PgPartnerStore } from '#storage/partner-store.js';
import { changeKindsOf } from './change-kinds.js';
import { channelFaults } from './previews.js';

/** Tokens of what has no class of its own. */
export const HOUSE = Symbol('house');
export const LOG = Symbol('log');
/** Origin under which browsers reach the API. */
export const PUBLIC_ORIGIN = Symbol('public origin');

/** What the API is made of. */
export interface Parts {
  readonly house: House;
  readonly accounts: Accounts;
  readonly passkeys: Passkeys;
  readonly changes: Changes;
  readonly enrolments: Enrolments;
  readonly actions: AlertActions;
  readonly drafts: PgDraftStore;
  readonly draftActions: DraftActions;
  readonly draftDesk: DraftDesk;
  readonly views: AlertViews;
  readonly answered: AnsweredRequests;
  readonly partners: PgPartnerStore;
  readonly erasures: PgErasureStore;
}

/** Puts the API's parts together over a house. */
export function partsOf(house: House, passwords: Passwords = new Passwords()): Parts {
  const { source, alerts, composer, masterKey, clock, ids, log, configuration } = house;
  const ceremonies = new PasskeyCeremonies(new PgPasskeyStore(source), relyingParty(house.environment.FINDME_PUBLIC_URL));
  const accounts = new Accounts({
    officers: new PgOfficerStore(source), sessions: new PgSessionStore(source), throttle: new PgThrottleStore(source), passkeys: ceremonies, passwords, masterKey, clock, ids,
  });
  const keys = new CaseKeys(masterKey);
  const drafts = new PgDraftStore(source, keys, ids);
  const deciding = { store: alerts, composer, clock, log, channelFaults: (notice: Notice) => channelFaults(notice, configuration.destinations, catalog) };
  return {
    house,
    accounts,
    passkeys: new Passkeys({ ceremonies, accounts, clock, ids }),
    changes: new Changes({ store: new PgChangeStore(source), kinds: changeKindsOf(house), masterKey, clock, ids }),
    enrolments: new Enrolments({ store: new PgEnrolmentStore(source), passwords, masterKey, clock, ids }),
    actions: new AlertActions({ ...deciding, ids }),
    drafts,
    draftActions: new DraftActions({ ...deciding, drafts }),
    draftDesk: new DraftDesk(source, keys),
    views: new AlertViews(source),
    answered: new AnsweredRequests(source, masterKey, clock),
    partners: new PgPartnerStore(source),
    erasures: new PgErasureStore(source, keys, clock, ids),
  };
}
