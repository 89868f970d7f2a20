import { z } from 'zod';
import { canonicalJson } from '#kernel/canonical.js';
import type { AlertId, FactId, OfficerId } from '#kernel/ids.js';

/*
 * A fact is one append-only audit event. It outlives the case: when a case is erased its facts stay. So a body holds ids,
 * hashes, numbers, enumerations and times, and nothing a person typed. The criterion of an assessment is left out on
 * purpose: "disability or therapy" says something about a child's health that the audit may not keep.
 */

const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
/** SHA-256, 64 hexadecimal digits. */
const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** HMAC-SHA-256 under a key that is kept (or destroyed) elsewhere: tells whether a sealed text is the one decided on. */
const digest = hash;
const count = z.int().min(0);
const revision = z.int().min(1);
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)$/);
/** A name of the configuration, such as a channel (`cap-push`) or a destination (`rts-1`). */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/);
/** The public id of a master key. */
const keyId = z.string().regex(/^[0-9a-f]{16}$/);
/** An idempotency key. */
const key = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/);
/** A reason or a partner's word as a code, never a sentence; see `wordOf`. */
const word = z.string().regex(/^[A-Za-z0-9_.: -]{1,60}$/);
const kind = z.enum(['alert', 'update', 'found', 'withdrawn']);
const role = z.enum(['author', 'approver', 'auditor', 'administrator', 'partner']);

const delivery = { deliveryId: uuid, key, channel: name, destination: name };
const decision = { revision, contentHash: hash };

/** The body of every fact there is. Strict: a field that is not named here does not get into the audit. */
export const FACT_BODIES = {
  'alert.created': z.strictObject({ mode: z.enum(['drill', 'live']) }),
  /** `version` is the alert's; `digest` is keyed by the case, because a draft has no salt yet. */
  'revision.saved': z.strictObject({ revision, kind, version: z.int().min(1), digest }),
  'revision.submitted': z.strictObject({ ...decision, kind }),
  'revision.returned': z.strictObject({ ...decision, remark: digest }),
  'revision.rejected': z.strictObject({ ...decision, remark: digest }),
  /** Approval is activation. Writers and submitter are named so that four eyes can be seen in the fact alone. */
  'revision.approved': z.strictObject({
    ...decision, kind, approver: uuid, submitter: uuid, writers: z.array(uuid).min(1), stepUp: z.enum(['totp', 'passkey']), sent: instant, expires: instant,
  }),
  'alert.found': z.strictObject({ ...decision, remark: digest.optional() }),
  'alert.withdrawn': z.strictObject({ ...decision, remark: digest }),
  'alert.expired': z.strictObject(decision),
  /** The key of the case is destroyed; `revisions` says how many became unreadable with it. */
  'alert.erased': z.strictObject({ revisions: count }),
  /** Somebody begins to write, on version `over` of an alert that there is already. What is written has no fact until it is handed in. */
  'draft.begun': z.strictObject({ mode: z.enum(['drill', 'live']), over: count.nullable() }),
  /** The draft becomes the revision; whoever wrote any of it is one of the revision's writers. `saves` counts how often it was saved. */
  'draft.handed_in': z.strictObject({ revision, saves: count, writers: z.array(uuid).min(1) }),
  'draft.discarded': z.strictObject({ saves: count }),
  /** Nobody went on with it; it was erased, its key included. */
  'draft.erased': z.strictObject({ saves: count }),
  'photo.stored': z.strictObject({ sha256: hash, bytes: count, width: count, height: count }),
  'outbox.planned': z.strictObject({ revision, deliveries: count }),
  /** `route` counts the destination's routes from 0, `channel` is that route's; `contentHash` is the hash of what this attempt sent; `ms` the whole milliseconds that the call took. */
  'delivery.attempted': z.strictObject({
    ...delivery, part: count, route: count, call: z.enum(['publish', 'withdraw']), attempt: z.int().min(1),
    outcome: z.enum(['accepted', 'refused', 'deferred', 'uncertain']), reason: word.optional(), contentHash: hash, ms: count,
  }),
  /** It leaves route `from` of its destination for route `to`, for this trouble; `channel` is that of `from`. */
  'delivery.rerouted': z.strictObject({ ...delivery, from: count, to: count, reason: word }),
  'delivery.cancelled': z.strictObject({ ...delivery, cause: z.enum(['found', 'withdrawn', 'expired', 'superseded', 'erased', 'never_accepted']) }),
  'delivery.dead': z.strictObject({ ...delivery, attempts: count, reason: word }),
  'delivery.retried': z.strictObject({ ...delivery, remark: digest }),
  'delivery.closed': z.strictObject({ ...delivery, remark: digest }),
  /**
   * Receipts of one delivery that arrived together: how many, their rows, and a SHA-256 over `seq key stage word` lines.
   * `deliveryId` is null for receipts that fit no delivery we know.
   */
  'receipt.received': z.strictObject({
    deliveryId: uuid.nullable(), destination: name, confirmed: count, failed: count, firstSeq: count, lastSeq: count, digest: hash,
  }),
  /** What became of a broadcaster's slot. `receiptSeq` is the receipt that proves it; `silent` that it went on air without a voice. */
  'airing.settled': z.strictObject({
    deliveryId: uuid, channel: name, destination: name, slot: count, state: z.enum(['aired', 'late', 'missed', 'stopped']), dueAt: instant,
    airedAt: instant.nullable(), seconds: count.nullable(), receiptSeq: count.nullable(), silent: z.boolean(), reason: word.optional(),
  }),
  /** A destination that may have the data of an ended alert is asked to erase it until `due`. */
  'erasure.requested': z.strictObject({ requestId: uuid, destination: name, due: instant }),
  /** It was called about it for the `chase`-th time. */
  'erasure.chased': z.strictObject({ requestId: uuid, destination: name, chase: z.int().min(1), outcome: z.enum(['accepted', 'refused', 'deferred', 'uncertain']) }),
  /** The partner said that it has erased, told an officer, or an ending's receipt proves it; `remark` only while the case still has its key. */
  'erasure.confirmed': z.strictObject({ requestId: uuid, destination: name, means: z.enum(['partner', 'officer', 'receipt']), remark: digest.optional() }),
  'breaker.changed': z.strictObject({ destination: name, route: count.optional(), state: z.enum(['closed', 'open', 'half_open']) }),
  /** `destinations`: what a partner's account is bound to. */
  'officer.added': z.strictObject({ officer: uuid, roles: z.array(role), destinations: z.array(name).optional() }),
  'officer.changed': z.strictObject({ officer: uuid, roles: z.array(role), enabled: z.boolean(), destinations: z.array(name).optional() }),
  /** All factors of the officer were taken away by a confirmed change; they enrol anew. */
  'officer.sign_in_reset': z.strictObject({ officer: uuid }),
  /** The officer set a password and second factor with the code that `change` led to. */
  'officer.enrolled': z.strictObject({ officer: uuid, change: uuid }),
  'officer.signed_in': z.strictObject({ session: uuid, method: z.enum(['password+totp', 'passkey']), passkey: uuid.optional() }),
  /** `officer` is null when the user name is nobody's; the name typed is not kept, people type passwords there. */
  'officer.sign_in_failed': z.strictObject({ officer: uuid.nullable(), cause: z.enum(['name_unknown', 'password_wrong', 'code_wrong', 'code_replayed', 'disabled', 'not_enrolled', 'passkey_unknown', 'passkey_refused', 'counter_back']), source: digest }),
  'officer.step_up_failed': z.strictObject({ session: uuid, cause: z.enum(['code_wrong', 'code_replayed', 'passkey_unknown', 'passkey_refused', 'counter_back']) }),
  'officer.signed_out': z.strictObject({ session: uuid }),
  /** All sessions of an officer were ended at once; `sessions` is how many were open. */
  'officer.sessions_ended': z.strictObject({ officer: uuid, sessions: count }),
  'officer.passkey_added': z.strictObject({ officer: uuid, passkey: uuid }),
  'officer.passkey_removed': z.strictObject({ officer: uuid, passkey: uuid }),
  /** `subject` names an officer or destination; `digest` is keyed, over payload and secrets. */
  'change.proposed': z.strictObject({ change: uuid, kind: name, subject: key, digest }),
  'change.confirmed': z.strictObject({ change: uuid, proposer: uuid, stepUp: z.enum(['totp', 'passkey']) }),
  'change.refused': z.strictObject({ change: uuid, remark: digest }),
  'change.taken_back': z.strictObject({ change: uuid }),
  'change.expired': z.strictObject({ change: uuid }),
  /** Two administrators have set, disabled or enabled a destination; what it is now stands in the change. */
  'destination.changed': z.strictObject({ destination: name, channel: name, mode: z.enum(['drill', 'live']), enabled: z.boolean() }),
  /** A destination's secret got a next generation; the one before stays valid until `previousUntil`. */
  'secret.rotated': z.strictObject({ destination: name, secret: name, generation: z.int().min(1), previousUntil: instant }),
  /** The generation before the present one was ended before its time. */
  'secret.retired': z.strictObject({ destination: name, secret: name, generation: z.int().min(1) }),
  /** The database took its first master key; keys are named by their public ids. */
  'master_key.adopted': z.strictObject({ key: keyId }),
  /** A master key may be sealed under beside the one whose place it is to take. */
  'master_key.announced': z.strictObject({ from: keyId, to: keyId }),
  /** Nothing is sealed under the old one any more; the database looked. */
  'master_key.replaced': z.strictObject({ from: keyId, to: keyId }),
  /** `selection`: what was asked for, where it was not everything. Names, ids and times; a case number is none of them. */
  'audit.exported': z.strictObject({ format: z.enum(['csv', 'json', 'jsonl', 'pdf']), facts: count, lastSeq: count, selection: z.record(word, key).optional() }),
  /** A destination's partner asked for a connection test. */
  'test.requested': z.strictObject({ test: uuid, destination: name, means: z.enum(['notice', 'probe']) }),
  /** What came of it; `contentHash` is of the fixed words with their identifier. */
  'test.made': z.strictObject({
    test: uuid, destination: name, channel: name.optional(), key, outcome: z.enum(['accepted', 'refused', 'deferred', 'uncertain', 'well', 'unwell', 'lapsed']), reason: word.optional(),
    contentHash: hash.optional(), at: instant, ms: count.optional(),
  }),
} as const satisfies Record<string, z.ZodType>;

export type FactType = keyof typeof FACT_BODIES;
export type FactBody<Type extends FactType> = z.input<(typeof FACT_BODIES)[Type]>;

/** Who did it: the system itself, an officer, or a destination that spoke to us. */
export type Actor = 'system' | `officer:${string}` | `destination:${string}`;
export const SYSTEM: Actor = 'system';
/** The actor of an officer. */
export const officerActor = (id: OfficerId): Actor => `officer:${id}`;
/** The actor of a destination of the configuration. */
export const destinationActor = (id: string): Actor => `destination:${id}`;

/** What is in a record: the exact members, of which `v` tells the edition of this form. */
const envelopeSchema = z.strictObject({
  actor: z.string().regex(/^(system|officer:[0-9a-f-]{36}|destination:[A-Za-z0-9][A-Za-z0-9_.-]{0,79})$/),
  alert: uuid.nullable(),
  at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  body: z.record(z.string(), z.unknown()),
  id: uuid,
  type: z.string().regex(/^[a-z_]+\.[a-z_]+$/),
  v: z.literal(1),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** One audit event, ready to be stored. Its place in the chain comes later, when it is linked. */
export interface Fact<Type extends FactType = FactType> {
  readonly id: FactId;
  readonly type: Type;
  readonly alertId: AlertId | null;
  /**
   * Canonical JSON (RFC 8785) of the whole event: `{"actor","alert","at","body","id","type","v"}`. This text is what is
   * stored and hashed; every column is derived from it, so nothing beside it can contradict it.
   */
  readonly record: string;
}

export interface FactInput<Type extends FactType> {
  readonly id: FactId;
  readonly at: Date;
  readonly type: Type;
  readonly actor: Actor;
  /** The alert it is about; left out for facts about officers, breakers and the audit itself. */
  readonly alertId?: AlertId;
  readonly body: FactBody<Type>;
}

/**
 * Makes a fact. Throws a TypeError, which names the fields and quotes no value, when the body is not of its type: that is
 * a bug, never an input.
 */
export function makeFact<Type extends FactType>({ id, at, type, actor, alertId, body }: FactInput<Type>): Fact<Type> {
  const checked = FACT_BODIES[type].safeParse(body);
  if (!checked.success) throw malformed(type, checked.error);
  const alert = alertId ?? null;
  const envelope = envelopeSchema.safeParse({ actor, alert, at: at.toISOString(), body: checked.data, id, type, v: 1 });
  if (!envelope.success) throw malformed(type, envelope.error);
  return { id, type, alertId: alert, record: canonicalJson(envelope.data) };
}

/** Reads a record back, or tells that it is none (undefined): not JSON, not canonical, not the members of a fact. */
export function readRecord(record: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(record);
    const envelope = envelopeSchema.safeParse(value);
    return envelope.success && canonicalJson(value) === record ? envelope.data : undefined;
  } catch {
    // Not JSON, or JSON that has no canonical form (half of a surrogate pair).
    return undefined;
  }
}

/**
 * Turns a partner's reason into a word that a fact may carry: ASCII letters, digits, `_ . : -` and spaces, at most `max`
 * characters. Everything else becomes `_`; nothing becomes `unknown`.
 */
export function wordOf(text: string, max = 60): string {
  return text.replace(/[^A-Za-z0-9_.: -]+/g, '_').slice(0, max) || 'unknown';
}

function malformed(type: string, error: z.ZodError): TypeError {
  return new TypeError(`fact ${type}: ${error.issues.map((i) => `${i.path.join('.')} ${i.code}`).join(', ')}`);
}
