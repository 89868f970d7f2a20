import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { ROLES } from '#identity/officer.js';
import { AuditTimes, MEASURES } from '#storage/audit-times.js';
import { AuditViews } from '#storage/audit-views.js';
import { PgOfficerStore } from '#storage/officer-store.js';
import { alertStatusSchema } from './alert-shown.js';
import { cursor, destination, instant, limit, mode, uuid } from './audit-queries.js';
import { Door } from './door.js';
import { HOUSE } from './parts.js';

const time = z.iso.datetime();
const when = time.nullable();
const DAY_MS = 86_400_000;

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
const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), next: z.string().nullable() });

const span = { from: instant.optional(), to: instant.optional() };
const alertQuery = z.strictObject({ mode: mode.optional(), status: alertStatusSchema.optional(), ...span, cursor, limit: z.coerce.number().int().min(1).max(200).default(50) });
const timelineQuery = z.strictObject({ cursor, limit });
const airingQuery = z.strictObject({ mode: mode.optional(), alert: uuid.optional(), ...span });
const slotQuery = z.strictObject({ destination, mode: mode.optional(), alert: uuid.optional(), ...span, cursor, limit });
/** Drill and live are never averaged together. */
const timesQuery = z.strictObject({ mode, ...span });
const caseBody = z.strictObject({ caseNumber: z.string().trim().min(1).max(60) });

const spanOf = ({ mode: world, alert, from, to }: { mode?: 'drill' | 'live' | undefined; alert?: string | undefined; from?: string | undefined; to?: string | undefined }) => ({
  ...(world && { mode: world }), ...(alert && { alert }), ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }),
});
const pageFrom = ({ cursor: place, limit: most }: { cursor?: string | undefined; limit: number }) => ({ limit: most, ...(place && { cursor: place }) });

/** Alerts as an auditor looks back on them: what was decided, sent, answered, aired and erased, and how quickly. */
@Controller('v1/audit')
export class AuditAlertsController {
  private readonly views: AuditViews;
  private readonly times: AuditTimes;

  constructor(@Inject(HOUSE) private readonly house: House) {
    this.views = new AuditViews(house.source);
    this.times = new AuditTimes(house.source);
  }

  @Get('alerts')
  @Door({ action: 'audit.read', summary: 'The alerts of both modes with their key times, newest first.', query: alertQuery, response: pageOf(auditedAlertSchema) })
  alerts(@Query() query: z.infer<typeof alertQuery>) {
    return this.views.alerts({ ...spanOf(query), ...(query.status && { status: query.status }) }, pageFrom(query));
  }

  @Post('cases')
  @Door({
    action: 'audit.read', body: caseBody, response: z.object({ items: z.array(auditedAlertSchema) }),
    summary: 'The alerts of a case number, as long as the case is not erased. Asked in the body: a case number stands in no address and no log.',
  })
  async ofCase(@Body() { caseNumber }: z.infer<typeof caseBody>) {
    return { items: await this.views.ofCase(caseNumber) };
  }

  @Get('alerts/:id')
  @Door({ action: 'audit.read', summary: 'One alert with its key times, also after its erasure.', response: auditedAlertSchema, refusals: ['ALERT_MISSING'] })
  alert(@Param('id') id: string) {
    return this.views.alert(id);
  }

  @Get('alerts/:id/timeline')
  @Door({
    action: 'audit.read', query: timelineQuery, response: pageOf(timelineEntrySchema), refusals: ['ALERT_MISSING'],
    summary: 'One alert from its first draft to its erasure, in order: every fact (decisions, attempts, airings, erasures), every receipt, every report of a partner.',
  })
  timeline(@Param('id') id: string, @Query() query: z.infer<typeof timelineQuery>) {
    return this.views.timeline(id, pageFrom(query));
  }

  @Get('airing')
  @Door({ action: 'audit.read', summary: 'What each broadcaster has kept of the rulebook.', query: airingQuery, response: z.object({ items: z.array(complianceSchema) }) })
  async airing(@Query() query: z.infer<typeof airingQuery>) {
    return { items: await this.views.compliance(spanOf(query)) };
  }

  @Get('airing/slots')
  @Door({ action: 'audit.read', summary: 'The slots of one broadcaster with the receipt that proves each, oldest first.', query: slotQuery, response: pageOf(auditedSlotSchema) })
  slots(@Query() query: z.infer<typeof slotQuery>) {
    return this.views.slots(query.destination, spanOf(query), pageFrom(query));
  }

  @Get('times')
  @Door({
    action: 'audit.read', query: timesQuery, response: timesSchema,
    summary: 'How long it took from approval to acceptance and to the first airing, and from the ending to its acceptance: by channel and by alert, over the last 30 days if nothing else is asked.',
  })
  async timing(@Query() { mode: world, from, to }: z.infer<typeof timesQuery>) {
    const end = to === undefined ? this.house.clock.now() : new Date(to);
    const period = { mode: world, to: end, from: from === undefined ? new Date(end.getTime() - 30 * DAY_MS) : new Date(from) };
    const [channels, alerts] = [await this.times.byChannel(period), await this.times.byAlert(period)];
    return { from: period.from, to: period.to, channels, alerts };
  }

  @Get('names')
  @Door({ action: 'audit.read', summary: 'Who and what the facts speak of: officers, destinations and channels by their ids.', response: namesSchema })
  async names() {
    const { source, configuration } = this.house;
    const officers = await new PgOfficerStore(source).list();
    const destinations = configuration.destinations.map(({ id, name, channel, mode: world }) => ({ id, name, channel, mode: world }));
    return {
      officers: officers.map(({ id, displayName, roles, enabled }) => ({ id, displayName, roles: [...roles], enabled })),
      destinations, channels: [...new Set(configuration.destinations.flatMap((d) => [d.channel, ...(d.fallbacks ?? []).map((f) => f.channel)]))].sort(),
    };
  }
}
