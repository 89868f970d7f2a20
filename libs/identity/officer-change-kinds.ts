import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { Ids, OfficerId } from '#kernel/ids.js';
import { changeKind, type ChangeKind } from './change.js';
import { halfDigest, newHalf } from './enrolment.js';
import { readOfficer, readRoles, ROLES } from './officer.js';
import type { OfficerStore } from './store.js';

const uuid = z.uuid().transform((id) => id.toLowerCase());
const roles = z.array(z.enum(ROLES)).min(1).max(ROLES.length);
const addition = z.strictObject({ userName: z.string().max(200), displayName: z.string().max(200), roles });
const alteration = z.strictObject({ officer: uuid, roles, enabled: z.boolean() });
const reset = z.strictObject({ officer: uuid });

/**
 * What administrators change about officers: add one, change roles or whether they are enabled, reset a lost sign-in. An
 * officer who is added or reset enrols with a code of which proposer and confirmer are told half each (`half`).
 */
export function officerChangeKinds({ officers, masterKey, ids }: { readonly officers: OfficerStore; readonly masterKey: Uint8Array; readonly ids: Ids }) {
  const known = async (id: string) => {
    const found = await officers.findById(id as OfficerId);
    if (!found) throw fail('OFFICER_INVALID', 'payload.officer');
    return found;
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
      payload: addition.transform((input) => ({ ...readOfficer(input), roles: [...input.roles] })),
      prepare: async ({ userName }) => {
        if (await officers.findByUserName(userName)) throw fail('USER_NAME_TAKEN', 'payload.userName');
        const officer = ids.next<OfficerId>();
        const { kept, told } = half();
        return { subject: `officer:${officer}`, kept: { ...kept, officer }, told };
      },
      complete: otherHalf,
      facts: (payload, { kept }) => [{ type: 'officer.added', body: { officer: String(kept['officer']), roles: payload.roles } }],
    }),
    'officer.change': changeKind({
      payload: alteration.transform((input) => ({ ...input, roles: [...readRoles(input.roles)] })),
      prepare: async ({ officer }) => {
        await known(officer);
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
