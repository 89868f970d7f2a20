import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { Ids, OfficerId } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import { changeKind, type ChangeKind } from './change.js';
import { halfDigest, newHalf } from './enrolment.js';
import { readOfficer, readRoles, ROLES } from './officer.js';
import type { OfficerStore } from './store.js';

const uuid = z.uuid().transform((id) => id.toLowerCase());
const roles = z.array(z.enum(ROLES)).min(1).max(ROLES.length);
/** What a partner's account is bound to; left out for everyone else. */
const destinations = z.array(z.string().max(40)).max(100).optional();
const addition = z.strictObject({ userName: z.string().max(200), displayName: z.string().max(200), roles, destinations });
const alteration = z.strictObject({ officer: uuid, roles, enabled: z.boolean(), destinations });
const reset = z.strictObject({ officer: uuid });

export interface OfficerChangeParts {
  readonly officers: OfficerStore;
  readonly masterKey: MasterKey;
  readonly ids: Ids;
  /** Whether there is such a destination. */
  readonly isDestination: (id: string) => boolean;
}

/**
 * What administrators change about officers: add one, change roles or whether they are enabled, reset a lost sign-in. An
 * officer who is added or reset enrols with a code of which proposer and confirmer are told half each (`half`).
 */
export function officerChangeKinds({ officers, masterKey, ids, isDestination }: OfficerChangeParts) {
  const known = async (id: string) => {
    const found = await officers.findById(id as OfficerId);
    if (!found) throw fail('OFFICER_INVALID', 'payload.officer');
    return found;
  };
  const mustBeThere = (bound: readonly string[] = []) => {
    if (!bound.every(isDestination)) throw fail('OFFICER_INVALID', 'payload.destinations');
  };
  const half = () => {
    const text = newHalf();
    return { kept: { half: halfDigest(masterKey, text) }, told: { half: text } };
  };
  const otherHalf = () => {
    const { kept: given, told } = half();
    return Promise.resolve({ given, told });
  };
  return {
    'officer.add': changeKind({
      payload: addition.transform(({ destinations: bound, ...input }) => {
        const { userName, displayName } = readOfficer({ ...input, ...(bound && { destinations: bound }) });
        return { userName, displayName, roles: [...input.roles], ...(bound && { destinations: [...bound] }) };
      }),
      prepare: async ({ userName, destinations: bound }) => {
        mustBeThere(bound);
        if (await officers.findByUserName(userName)) throw fail('USER_NAME_TAKEN', 'payload.userName');
        const officer = ids.next<OfficerId>();
        const { kept, told } = half();
        return { subject: `officer:${officer}`, kept: { ...kept, officer }, told };
      },
      complete: otherHalf,
      facts: (payload, { kept }) => [{ type: 'officer.added', body: { officer: String(kept['officer']), roles: payload.roles, ...(payload.destinations && { destinations: payload.destinations }) } }],
    }),
    'officer.change': changeKind({
      payload: alteration.transform(({ destinations: bound, ...input }) => ({ ...input, roles: [...readRoles(input.roles)], ...(bound && { destinations: [...bound] }) })),
      prepare: async ({ officer, roles: next, destinations: bound }) => {
        const before = await known(officer);
        mustBeThere(bound);
        // Left out, a partner keeps what it has.
        const after = bound ?? (next.includes('partner') ? before.destinations ?? [] : []);
        if (next.includes('partner') !== after.length > 0) throw fail('OFFICER_INVALID', 'payload.destinations');
        return { subject: `officer:${officer}` };
      },
      facts: (payload) => [{ type: 'officer.changed', body: payload }],
    }),
    'officer.reset': changeKind({
      payload: reset,
      prepare: async ({ officer }) => {
        await known(officer);
        return { subject: `officer:${officer}`, ...half() };
      },
      complete: otherHalf,
      facts: (payload) => [{ type: 'officer.sign_in_reset', body: payload }],
    }),
  } satisfies Record<string, ChangeKind>;
}
