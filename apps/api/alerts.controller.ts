import { Body, Controller, Get, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { AlertId } from '#kernel/ids.js';
import { AlertActions } from '#alerts/alert-actions.js';
import type { AlertStatus } from '#alerts/alert.js';
import { contentSchema } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { LADDER } from '#dispatch/ladder.js';
import type { SignedIn } from '#identity/accounts.js';
import { AlertViews } from '#storage/alert-views.js';
import { AnsweredRequests } from '#storage/answered-requests.js';
import { alertSchema, alertStatusSchema, showAlert } from './alert-shown.js';
import { Door, Who } from './door.js';
import type { DoorRequest } from './door.js';
import { once, tagVersion, targetOf } from './preconditions.js';
import { progressSchema } from './partners.controller.js';
import { HOUSE } from './parts.js';

const limit = z.coerce.number().int().min(1).max(200).default(50);
const listQuery = z.strictObject({ status: alertStatusSchema.optional(), cursor: z.string().max(200).optional(), limit });
const place = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional();
const timelineQuery = z.strictObject({ after: place, before: place, only: z.enum(['news', 'all']).default('all'), limit });
const deliveriesQuery = z.strictObject({
  destination: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/).optional(), cursor: z.string().max(400).optional(), limit: z.coerce.number().int().min(1).max(1_000).default(200),
});

const instant = z.iso.datetime();
const summarySchema = z.object({
  id: z.string(), mode: z.string(), status: alertStatusSchema, version: z.int(), caseNumber: z.string(), createdBy: z.string(), createdAt: instant,
  proposal: z.object({ revision: z.int(), status: z.string() }).nullable(), currentRevision: z.int().nullable(), expiresAt: instant.nullable(), endedAt: instant.nullable(),
}).meta({ id: 'AlertSummary' });
export const deliverySchema = z.object({
  id: z.string(), alertId: z.string(), mode: z.string(), revision: z.int(), kind: z.string(), channel: z.string(), destination: z.string(), part: z.int(), route: z.int(), key: z.string(),
  state: z.string(), confirmation: z.enum(LADDER).nullable(), attempts: z.int(), outcome: z.string().nullable(), reason: z.string().nullable(), nextAttemptAt: instant.nullable(), acceptedAt: instant.nullable(),
  msToAcceptance: z.int().nullable(), receipts: z.object({ confirmed: z.int(), failed: z.int(), expected: z.int().nullable() }),
  progress: progressSchema,
}).meta({ id: 'Delivery' });
const factSchema = z.object({
  seq: z.int(), id: z.string(), type: z.string(), actor: z.string(), at: instant, alert: z.string().nullable(), body: z.record(z.string(), z.unknown()), v: z.int(),
}).meta({ id: 'Fact' });
const pageOf = (item: z.ZodType) => z.object({ items: z.array(item), next: z.string().nullable() });

const KEY = { 'Idempotency-Key': 'The same key with the same request gets the same answer and has one effect.' };

/** Writing and reading alerts. Drill and live are different addresses: what belongs to one is not found at the other. */
@Controller('v1/:mode/alerts')
export class AlertsController {
  constructor(
    private readonly actions: AlertActions,
    private readonly views: AlertViews,
    private readonly answered: AnsweredRequests,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  @Post()
  @Door({
    action: 'alert.write', summary: 'Start an alert as a draft.', body: contentSchema, judgedBy: 'core', response: alertSchema, status: 201, headers: KEY,
    refusals: ['CONTENT_INVALID', 'BIRTH_DATE_ADULT', 'BIRTH_DATE_FUTURE', 'LAST_SEEN_FUTURE', 'CRITERION_MISSING', 'CRITERION_NOT_MET', 'AREA_MISSING',
      'AREA_OUTSIDE_SERBIA', 'AREA_SELF_CROSSING', 'AREA_TOO_SMALL', 'AREA_UNKNOWN_DISTRICT', 'SCRIPT_MIXED', 'VALIDITY_OUT_OF_RANGE', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async create(@Param('mode') mode: Mode, @Body() body: unknown, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { alerts, ids } = this.house;
    const { subject } = await once(
      { answered: this.answered, request, officer: who.officer.id, subject: ids.next<AlertId>(), status: 201, body },
      async ({ subject: id, resumed }) => {
        // The run that was lost may have made it already.
        if (resumed && (await exists(() => alerts.load(mode, id)))) return;
        await this.actions.create(mode, body, who.officer.id, id);
      });
    const alert = await alerts.load(mode, subject as AlertId);
    tagVersion(reply, alert);
    reply.header('location', `/v1/${mode}/alerts/${alert.id}`);
    return showAlert(alert, who.officer);
  }

  @Get()
  @Door({ action: 'alert.read', summary: 'The alerts, newest first; no personal data but case numbers.', query: listQuery, response: pageOf(summarySchema) })
  list(@Param('mode') mode: Mode, @Query() query: { status?: AlertStatus; cursor?: string; limit: number }) {
    return this.views.list(mode, query);
  }

  @Get(':id')
  @Door({ action: 'alert.read', summary: 'An alert with its revision in the making and what is published; its version is the ETag.', response: alertSchema, refusals: ['ALERT_MISSING', 'ALERT_ERASED'] })
  async read(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn, @Res({ passthrough: true }) reply: FastifyReply) {
    const alert = await this.house.alerts.load(mode, id);
    tagVersion(reply, alert);
    return showAlert(alert, who.officer);
  }

  @Put(':id/content')
  @Door({
    action: 'alert.write', summary: 'Replace the content of the draft.', body: contentSchema, judgedBy: 'core', response: alertSchema,
    headers: { 'If-Match': 'The version that was read, from ETag. Required.' }, refusals: ['CONTENT_INVALID', 'ALERT_MISSING', 'ALERT_STALE', 'ALERT_ERASED', 'TRANSITION_NOT_ALLOWED'],
  })
  async edit(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() body: unknown, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const alert = await this.actions.edit(await targetOf(this.house.alerts, mode, id, request, 'required'), body, who.officer.id);
    tagVersion(reply, alert);
    return showAlert(alert, who.officer);
  }

  @Get(':id/deliveries')
  @Door({
    action: 'delivery.read', summary: 'Where the alert went, how each delivery stands, and how long it took; page by page, to one destination where it is named.', query: deliveriesQuery,
    response: pageOf(deliverySchema), refusals: ['ALERT_MISSING'],
  })
  deliveries(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Query() query: { destination?: string; cursor?: string; limit: number }) {
    return this.views.deliveries(mode, id, query);
  }

  @Get(':id/timeline')
  @Door({
    action: 'delivery.read', query: timelineQuery, response: pageOf(factSchema), refusals: ['ALERT_MISSING'],
    summary: 'The facts of the alert, from the oldest on, or back from `before`; `only=news` leaves out attempts, receipts, slots and erasures. They outlive the case.',
  })
  timeline(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Query() { only, ...query }: { after?: number; before?: number; only: 'news' | 'all'; limit: number }) {
    return this.views.timeline(mode, id, { ...query, news: only === 'news' });
  }
}

async function exists(load: () => Promise<unknown>): Promise<boolean> {
  try {
    await load();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ALERT_MISSING') return false;
    throw error;
  }
}
