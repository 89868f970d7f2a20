import { z } from 'zod';
import { checkpointSchema } from '#audit/checkpoint.js';
import { BREAKS } from '#audit/verify.js';
import { ROLES } from '#identity/officer.js';
import { MEASURES } from '#storage/audit-times.js';
import { RECEIPT_BREAKS } from '#storage/receipt-check.js';
import { alertStatusSchema } from './alert-shown.js';
import { mode } from './audit-queries.js';

/** The answers of the auditor's routes; the console takes their types from here. */

export const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), next: z.string().nullable() });

export const factSchema = z.object({
  seq: z.int(), hash: z.string(), id: z.string(), type: z.string(), actor: z.string(), at: z.string(), alert: z.string().nullable(), body: z.record(z.string(), z.unknown()), v: z.int(),
}).meta({ id: 'AuditFact' });
const broken = z.object({ seq: z.int(), to: z.int().optional(), reason: z.enum(Object.keys(BREAKS)), detail: z.string().optional() });
export const verdictSchema = z.object({
  ok: z.boolean(), facts: z.int(), lastHash: z.string(), checkpoints: z.int(), coveredTo: z.int(), unlinked: z.int(), broken: broken.optional(),
  checkpointFaults: z.array(z.object({ seq: z.int(), keyId: z.string(), reason: z.string() })),
  receipts: z.object({
    ok: z.boolean(), receipts: z.int(), undecided: z.int(),
    broken: z.object({ fact: z.int().optional(), receipt: z.int().optional(), reason: z.enum(Object.keys(RECEIPT_BREAKS)) }).optional(),
  }),
}).meta({ id: 'AuditVerdict' });
export const factPageSchema = pageOf(factSchema);
export const checkpointPageSchema = pageOf(checkpointSchema);
export const keysSchema = z.object({ keys: z.array(z.object({ keyId: z.string(), publicKey: z.string() })) });
export const verifierSchema = z.object({ name: z.string(), bytes: z.int(), sha256: z.string() }).meta({ id: 'Verifier' });

const time = z.iso.datetime();
const when = time.nullable();
export const auditedAlertSchema = z.object({
  id: z.string(), mode, status: alertStatusSchema, caseNumber: z.string().nullable(), createdBy: z.string(), createdAt: time, approvedAt: when,
  firstAcceptedAt: when, lastAcceptedAt: when, accepted: z.int(), deliveries: z.int(), revisions: z.int(),
  endedAt: when, firstEndAcceptedAt: when, lastEndAcceptedAt: when, erasedAt: when, erasures: z.object({ asked: z.int(), confirmed: z.int() }),
}).meta({ id: 'AuditedAlert' });
export const auditFactSchema = z.object({
  seq: z.int(), id: z.string(), type: z.string(), actor: z.string(), at: z.string(), alert: z.string().nullable(), body: z.record(z.string(), z.unknown()), v: z.int(),
});
const heard = { seq: z.int(), destination: z.string(), channel: z.string(), deliveryId: z.string(), partnerAt: z.string().nullable() };
export const timelineEntrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fact'), at: time, fact: auditFactSchema }),
  z.object({ kind: z.literal('receipt'), at: time, receipt: z.object({ ...heard, stage: z.enum(['confirmed', 'failed']), word: z.string() }) }),
  z.object({
    kind: z.literal('report'), at: time,
    report: z.object({ ...heard, stage: z.enum(['acknowledged', 'progress', 'erased']), percent: z.number().nullable(), done: z.number().nullable(), total: z.number().nullable() }),
  }),
]).meta({ id: 'TimelineEntry' });
export const complianceSchema = z.object({
  destination: z.string(), due: z.int(), aired: z.int(), late: z.int(), missed: z.int(), stopped: z.int(), inTime: z.number().nullable(), firstAiredAt: when, lastAiredAt: when,
});
export const auditedSlotSchema = z.object({
  alertId: z.string(), deliveryId: z.string(), destination: z.string(), channel: z.string(), revision: z.int(), number: z.int(), manner: z.enum(['triggered', 'awaited']), dueAt: time,
  state: z.enum(['due', 'aired', 'late', 'missed', 'stopped']), reason: z.string().nullable(), receiptSeq: z.int().nullable(), airedAt: when, seconds: z.number().nullable(), silent: z.boolean(),
  word: z.string().nullable(), partnerAt: when, receivedAt: when,
}).meta({ id: 'AuditedSlot' });
const spread = { measure: z.enum(MEASURES), count: z.int(), medianMs: z.number(), p95Ms: z.number(), maxMs: z.number() };
export const timesSchema = z.object({
  from: time, to: time,
  channels: z.array(z.object({ ...spread, channel: z.string() })), alerts: z.array(z.object({ ...spread, alertId: z.string(), at: time })),
}).meta({ id: 'AuditTimes' });
export const namesSchema = z.object({
  officers: z.array(z.object({ id: z.string(), displayName: z.string(), roles: z.array(z.enum(ROLES)), enabled: z.boolean() })),
  destinations: z.array(z.object({ id: z.string(), name: z.string(), channel: z.string(), mode })),
  channels: z.array(z.string()),
}).meta({ id: 'AuditNames' });
