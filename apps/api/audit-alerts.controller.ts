import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { AuditTimes } from '#storage/audit-times.js';
import { AuditViews } from '#storage/audit-views.js';
import { PgOfficerStore } from '#storage/officer-store.js';
import { alertStatusSchema } from './alert-shown.js';
import { cursor, destination, instant, limit, mode, uuid } from './audit-queries.js';
import { auditedAlertSchema, auditedSlotSchema, complianceSchema, namesSchema, pageOf, timelineEntrySchema, timesSchema } from './audit-schemas.js';
import { Door } from './door.js';
import { HOUSE } from './parts.js';

const DAY_MS = 86_400_000;

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
    const { source, book } = this.house;
    // Those that are disabled too: facts go on speaking of them.
    const known = book.known().map(({ destination: one }) => one);
    const officers = await new PgOfficerStore(source).list();
    const destinations = known.map(({ id, name, channel, mode: world }) => ({ id, name, channel, mode: world }));
    return {
      officers: officers.map(({ id, displayName, roles, enabled }) => ({ id, displayName, roles: [...roles], enabled })),
      destinations, channels: [...new Set(known.flatMap((d) => [d.channel, ...(d.fallbacks ?? []).map((f) => f.channel)]))].sort(),
    };
  }
}
