import { Controller, Get, Inject, Param } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { AlertId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import { boardOf, STANDINGS } from '#dispatch/board.js';
import { DEAD_LETTERS } from '#dispatch/delivery.js';
import { reachOf, WINDOW_MS } from '#dispatch/reach.js';
import { AlertViews } from '#storage/alert-views.js';
import { BoardView } from '#storage/board-view.js';
import { PgHeadway } from '#storage/headway-store.js';
import { alertStatusSchema } from './alert-shown.js';
import { deliverySchema } from './alerts.controller.js';
import { Door } from './door.js';
import { HOUSE } from './parts.js';
import { reachSchema } from './reach.controller.js';

const instant = z.iso.datetime();
const ms = z.int().nullable();
const messageSchema = z.object({
  revision: z.int(), kind: z.string(), standing: z.enum(STANDINGS), parts: z.partialRecord(z.enum(STANDINGS), z.int()), route: z.int(), channel: z.string(), attempts: z.int(),
  outcome: z.string().nullable(), reason: z.string().nullable(), nextAttemptAt: instant.nullable(), acceptedAt: instant.nullable(),
  /** From the approval, or from the decision to end: the time to withdraw. */
  msToAcceptance: ms,
  receipts: z.object({ expected: z.int(), confirmed: z.int(), failed: z.int() }),
  moved: z.object({ at: instant, from: z.int(), to: z.int(), reason: z.string(), count: z.int() }).nullable(),
}).meta({ id: 'BoardMessage' });
const partnerSchema = z.object({
  destination: z.string(), name: z.string(), channel: z.string(), isConfigured: z.boolean(),
  routes: z.array(z.object({ channel: z.string(), breaker: z.enum(['closed', 'open', 'half-open']), since: instant.nullable() })),
  messages: z.array(messageSchema), reach: reachSchema.omit({ destination: true, channel: true }).nullable(),
  airing: z.object({
    due: z.int(), aired: z.int(), late: z.int(), missed: z.int(), stopped: z.int(), firstAiredAt: instant.nullable(), lastAiredAt: instant.nullable(), dueUntil: instant.nullable(),
  }).nullable(),
  erasure: z.object({ askedAt: instant, dueAt: instant, chased: z.int(), confirmedAt: instant.nullable(), overdue: z.boolean() }).nullable(),
}).meta({ id: 'BoardPartner' });
export const boardSchema = z.object({
  /** When this was read; ages are counted from it. */
  at: instant,
  alert: z.object({
    id: z.string(), mode: z.enum(['drill', 'live']), status: alertStatusSchema, version: z.int(), caseNumber: z.string(), createdBy: z.string(), createdAt: instant,
    currentRevision: z.int().nullable(), expiresAt: instant.nullable(), endedAt: instant.nullable(),
    proposal: z.object({ revision: z.int(), kind: z.string(), status: z.string() }).nullable(),
  }),
  messages: z.array(z.object({
    revision: z.int(), kind: z.string(), decidedAt: instant, plannedAt: instant.nullable(), partners: z.int(), accepted: z.int(), firstAcceptedAt: instant.nullable(),
    lastAcceptedAt: instant.nullable(), msToFirst: ms, msToLast: ms,
  })),
  partners: z.array(partnerSchema),
  /** Who had a hand in it, so that facts can be told with names. */
  officers: z.array(z.object({ id: z.string(), displayName: z.string() })),
  deadLetters: z.object({ total: z.int(), items: z.array(deliverySchema) }),
}).meta({ id: 'Board' });
export type ShownBoard = z.output<typeof boardSchema>;
export type ShownPartner = ShownBoard['partners'][number];
export type ShownMessage = ShownPartner['messages'][number];

/** Dead letters that the board brings along; the others are pages of `/v1/deliveries`. */
const LETTERS = 50;

/** The fan-out board: everything that a desk shows of an alert on its way, in one answer. */
@Controller('v1/:mode/alerts')
export class BoardController {
  private readonly board: BoardView;
  private readonly headway: PgHeadway;
  private readonly underWay = new Map<AlertId, ReturnType<BoardController['look']>>();

  constructor(private readonly views: AlertViews, @Inject(HOUSE) private readonly house: House) {
    this.board = new BoardView(house.source);
    this.headway = new PgHeadway(house.source, house.clock);
  }

  @Get(':id/board')
  @Door({
    action: 'delivery.read', response: boardSchema, refusals: ['ALERT_MISSING'],
    summary: 'The fan-out board of an alert: how each message stands with each partner, over which route, how fast it goes, what was aired, what is to be erased, and what waits for a person.',
  })
  async ofAlert(@Param('mode') mode: Mode, @Param('id') id: AlertId) {
    // Every desk on duty watches the same alert and asks at the same events: one look serves those who ask while it is under way.
    const name = `${mode}/${id}` as AlertId;
    const shared = this.underWay.get(name) ?? this.look(mode, id).finally(() => this.underWay.delete(name));
    this.underWay.set(name, shared);
    return shared;
  }

  private async look(mode: Mode, id: AlertId) {
    const { clock, configuration } = this.house;
    const now = clock.now();
    const { alert, airing, erasures, ...counts } = await this.board.counts(mode, id);
    const reach = await this.headway.reach(mode, id, new Date(now.getTime() - WINDOW_MS));
    const letters = await this.views.deadLetters({ mode, alert: id, limit: LETTERS });
    const { partners, messages } = boardOf({ ...counts, destinations: configuration.destinations.filter((d) => d.mode === mode) });
    const reaches = new Map((reach?.destinations ?? []).map((sums) => {
      const { destination, channel: _known, ...own } = reachOf(sums, now);
      return [destination, own];
    }));
    const slots = new Map(airing.map(({ destination, ...own }) => [destination, own]));
    const asked = new Map(erasures.map(({ destination, ...own }) => [destination, own]));
    return {
      at: now, alert, messages, officers: counts.officers,
      partners: partners.map((partner) => {
        const erasure = asked.get(partner.destination);
        return {
          ...partner, reach: reaches.get(partner.destination) ?? null, airing: slots.get(partner.destination) ?? null,
          erasure: erasure ? { ...erasure, overdue: erasure.confirmedAt === null && erasure.dueAt <= now } : null,
        };
      }),
      deadLetters: { total: counts.groups.reduce((all, { state, parts }) => all + (DEAD_LETTERS.includes(state) ? parts : 0), 0), items: letters.items },
    };
  }
}
