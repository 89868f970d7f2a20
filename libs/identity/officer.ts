import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { DestinationId, OfficerId } from '#kernel/ids.js';

export const ROLES = ['author', 'approver', 'auditor', 'administrator', 'partner'] as const;
export type Role = (typeof ROLES)[number];

export interface Officer {
  readonly id: OfficerId;
  /** Lower case; what is typed at sign-in. */
  readonly userName: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  /** A disabled officer has no session and gets none. */
  readonly enabled: boolean;
  /** What a partner's technician answers for: at least one. Left out for everyone else. */
  readonly destinations?: readonly DestinationId[];
}

export const ACTIONS = [
  'alert.read', 'alert.content', 'alert.write', 'alert.submit', 'alert.approve', 'alert.return', 'alert.reject', 'alert.end', 'alert.erase',
  'delivery.read', 'delivery.settle', 'audit.read', 'audit.verify', 'officer.read', 'change.read', 'change.decide', 'partner.own', 'destination.read', 'destination.manage',
] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Who may do what; whatever is not here is denied. An administrator appoints officers and never sees a case. An auditor
 * reads every decision and delivery, never what was written about a child, and changes nothing. One officer on duty, author
 * or approver, is enough to end an alert and to settle a delivery that waits for a person. A partner sees its own destinations and nothing else. Four eyes is not here: it is a rule about a revision, not about a role.
 */
export const PERMISSIONS: Readonly<Record<Action, readonly Role[]>> = {
  'alert.read': ['author', 'approver', 'auditor'],
  'alert.content': ['author', 'approver'],
  'alert.write': ['author'],
  'alert.submit': ['author'],
  'alert.approve': ['approver'],
  'alert.return': ['approver'],
  'alert.reject': ['approver'],
  'alert.end': ['author', 'approver'],
  'alert.erase': ['approver'],
  'delivery.read': ['author', 'approver', 'auditor'],
  'delivery.settle': ['author', 'approver'],
  'audit.read': ['auditor'],
  'audit.verify': ['auditor'],
  'officer.read': ['administrator', 'auditor'],
  'change.read': ['administrator', 'auditor'],
  'change.decide': ['administrator'],
  'partner.own': ['partner'],
  'destination.read': ['administrator', 'auditor'],
  'destination.manage': ['administrator'],
};

/** Tells whether an officer may do something. */
export function mayDo(officer: Pick<Officer, 'roles' | 'enabled'>, action: Action): boolean {
  return officer.enabled && PERMISSIONS[action].some((role) => officer.roles.includes(role));
}

/** Returns when the officer may do it; throws ROLE_MISSING otherwise. */
export function authorize(officer: Pick<Officer, 'roles' | 'enabled'>, action: Action): void {
  if (!mayDo(officer, action)) throw fail('ROLE_MISSING');
}

const userName = z.string().trim().toLowerCase().regex(/^[a-z0-9][a-z0-9._-]{2,39}$/);
const displayName = z.string().trim().min(1).max(80).regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/);
const roles = z.array(z.enum(ROLES)).min(1).max(ROLES.length).refine(rolesFit);

/** The ids of a configuration. */
const destinations = z.array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/)).max(100).refine((all) => new Set(all).size === all.length);

/** Brings a typed user name into the form it is stored in; what cannot be one becomes undefined. */
export function readUserName(typed: string): string | undefined {
  return userName.safeParse(typed).data;
}

/** What an officer is made of, as somebody writes it down. */
export interface OfficerInput {
  readonly userName: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly destinations?: readonly string[];
}

/** Checks what an officer is made of. Throws OFFICER_INVALID naming the field, and never quotes it. */
export function readOfficer(input: OfficerInput): Pick<Officer, 'userName' | 'displayName' | 'roles' | 'destinations'> {
  const parsed = z.object({ userName, displayName, roles, destinations: destinations.default([]) }).safeParse(input);
  if (!parsed.success) throw fail('OFFICER_INVALID', String(parsed.error.issues[0]?.path[0] ?? ''));
  const { destinations: bound, ...read } = parsed.data;
  // Who answers for a destination is its partner and nothing else, and a partner of nothing would see nothing.
  if (read.roles.includes('partner') !== bound.length > 0) throw fail('OFFICER_INVALID', 'destinations');
  return { ...read, ...(bound.length > 0 && { destinations: bound as DestinationId[] }) };
}

/** Checks a set of roles. Throws OFFICER_INVALID. */
export function readRoles(input: readonly Role[]): readonly Role[] {
  const parsed = roles.safeParse(input);
  if (!parsed.success) throw fail('OFFICER_INVALID', 'roles');
  return parsed.data;
}

/**
 * An officer on duty may be author and approver, of different revisions. Whoever administers, audits or is a partner has that
 * role alone: two roles together would undo what each of them must not do.
 */
function rolesFit(given: readonly Role[]): boolean {
  const apart = given.some((role) => role !== 'author' && role !== 'approver');
  return new Set(given).size === given.length && (!apart || given.length === 1);
}
