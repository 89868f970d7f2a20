import type { z } from 'zod';
import type { Fact, FactBody, FactType } from '#audit/fact.js';
import { fail, Refusal, type Fault } from '#kernel/errors.js';
import type { Branded, OfficerId } from '#kernel/ids.js';
import { fieldOf, ruleOf } from '#kernel/schema-rule.js';

/*
 * Changes that two administrators make: one proposes, a second confirms (which carries it out, at once and in the same
 * transaction) or refuses with a reason; the proposer may take it back; nobody having decided, it lapses.
 */
export type ChangeId = Branded<'change'>;
/** A change that nobody confirmed for three days is no longer what anybody remembers. */
export const CHANGE_MS = 72 * 3_600_000;

export const CHANGE_STATUSES = ['open', 'confirmed', 'refused', 'taken_back', 'expired'] as const;
export type ChangeStatus = (typeof CHANGE_STATUSES)[number];
export type ChangeVerb = 'confirm' | 'refuse' | 'take_back' | 'expire';

/** Plain JSON, as stored. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;
/** Shown once, in the answer to who asked, and kept nowhere in the clear. */
export type Told = Readonly<Record<string, string>>;

/** What a kind is. `changeKind` makes one of it. */
export interface KindDefinition<P extends JsonObject, S> {
  /** What is proposed: readable by every administrator and auditor, so no secret. Strict, for it is stored as it was read. */
  readonly payload: z.ZodType<P>;
  /** Secrets that go with it: sealed, shown to nobody again, opened for `complete` alone. */
  readonly secret?: z.ZodType<S>;
  /**
   * At the proposal: looks at what there is, refuses from the error table what could not be carried out anyway, and says
   * what it is about (`officer:<id>`, `destination:<id>`): one change of one subject is open at a time. `kept` is stored
   * beside the payload for the SQL function and shown to nobody.
   */
  readonly prepare: (payload: P, secret: S | undefined) => Promise<{ readonly subject: string; readonly kept?: JsonObject; readonly told?: Told }>;
  /** At the confirmation, before anything is changed: looks again, and makes what the SQL function gets as `p_given`. */
  readonly complete?: (payload: P, secret: S | undefined, change: Change) => Promise<{ readonly given?: JsonObject; readonly told?: Told }>;
  /** What was done, as facts beside `change.confirmed`, by the administrator who confirmed. */
  readonly facts: (payload: P, change: Change) => readonly Statement[];
}

/** A fact to be made: its type and body. */
export type Statement = { [Type in FactType]: { readonly type: Type; readonly body: FactBody<Type> } }[FactType];

/** A kind whose types are its own matter. */
export interface ChangeKind {
  read(payload: unknown, secret: unknown): { readonly payload: JsonObject; readonly secret: unknown };
  prepare(payload: JsonObject, secret: unknown): ReturnType<KindDefinition<JsonObject, unknown>['prepare']>;
  complete(payload: JsonObject, secret: unknown, change: Change): Promise<{ readonly given?: JsonObject; readonly told?: Told }>;
  facts(payload: JsonObject, change: Change): readonly Statement[];
}

/** The kinds of changes there are, by name: `officer.add`. */
export type ChangeKinds = Readonly<Record<string, ChangeKind>>;

/**
 * A kind of change. To add one, in three places and no other:
 * 1. a migration with `apply_<kind>(c changes, p_given jsonb, p_at timestamptz)` (`destination.add` is `apply_destination_add`)
 *    that carries out `c.payload`, with `c.kept` and `p_given`, in the transaction of the confirmation; it may `refuse('CODE')`.
 *    Grant it to nobody: `settle_change` calls it, and whatever it writes needs no privilege of the applications' role;
 * 2. `changeKind({ … })` with schema, check and facts, beside what it changes;
 * 3. its name in `changeKindsOf` (apps/api/change-kinds.ts).
 * Who hears of it: `NOTIFY changes` with the kind as its payload, when the transaction commits.
 */
export function changeKind<P extends JsonObject, S = never>(definition: KindDefinition<P, S>): ChangeKind {
  const { payload: schema, secret: secretSchema, prepare, complete, facts } = definition;
  return {
    read: (payload, secret) => {
      if (secret !== undefined && !secretSchema) throw fail('CHANGE_INVALID', 'secret');
      return { payload: readPart(schema, payload, 'payload'), secret: secret === undefined || !secretSchema ? undefined : readPart(secretSchema, secret, 'secret') };
    },
    prepare: (payload, secret) => prepare(payload as P, secret as S | undefined),
    complete: (payload, secret, change) => complete?.(payload as P, secret as S | undefined, change) ?? Promise.resolve({}),
    facts: (payload, change) => facts(payload as P, change),
  };
}

/** Throws CHANGE_INVALID for every field that does not fit, never quoting it. */
function readPart<T>(schema: z.ZodType<T>, value: unknown, within: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(parsed.error.issues.map((issue): Fault => {
    const detail = ruleOf(issue);
    return { code: 'CHANGE_INVALID', field: fieldOf([within, ...issue.path]), ...(detail !== undefined && { detail }) };
  }) as [Fault, ...Fault[]]);
}

/** A change as it stands. */
export interface Change {
  readonly id: ChangeId;
  readonly kind: string;
  readonly subject: string;
  readonly payload: JsonObject;
  readonly kept: JsonObject;
  readonly sealed: Uint8Array | null;
  readonly proposedBy: Person;
  readonly proposedAt: Date;
  readonly expiresAt: Date;
  readonly status: ChangeStatus;
  readonly decidedBy: Person | null;
  readonly decidedAt: Date | null;
  /** Sealed; why it was refused. */
  readonly reason: Uint8Array | null;
}

export interface Person {
  readonly id: OfficerId;
  readonly displayName: string;
}

/** What storage implements. Every call is one transaction with its facts; the database checks roles and who is who again. */
export interface ChangeStore {
  /** Throws CHANGE_PENDING, CHANGE_KIND_UNKNOWN, ROLE_MISSING. */
  propose(change: Omit<Change, 'status' | 'decidedBy' | 'decidedAt' | 'reason' | 'proposedBy'> & { readonly by: OfficerId }, fact: Fact): Promise<void>;
  /** Throws CHANGE_MISSING, CHANGE_SETTLED, CHANGE_OWN, ROLE_MISSING, and what `apply_<kind>` refuses. `by` is null for the clock. */
  settle(settling: { readonly id: ChangeId; readonly verb: ChangeVerb; readonly by: OfficerId | null; readonly at: Date; readonly given: JsonObject; readonly reason: Uint8Array | null }, facts: readonly Fact[]): Promise<void>;
  find(id: ChangeId): Promise<Change | undefined>;
  /** Open ones, or the newest `limit` of those that are settled; newest first. */
  list(which: 'open' | 'settled', limit: number): Promise<readonly Change[]>;
  /** Open ones that lapsed by `at`. */
  overdue(at: Date): Promise<readonly ChangeId[]>;
}
