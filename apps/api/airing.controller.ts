import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { fail } from '#kernel/errors.js';
import type { AlertId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import { complianceOf } from '#dispatch/airing.js';
import { PgAiringStore } from '#storage/airing-store.js';
import { Door } from './door.js';
import { HOUSE } from './parts.js';

const instant = z.iso.datetime();
const manner = z.enum(['triggered', 'awaited']);
export const slotSchema = z.object({
  deliveryId: z.string(), revision: z.int(), kind: z.string(), destination: z.string(), channel: z.string(), manner, number: z.int(), dueAt: instant,
  state: z.enum(['due', 'aired', 'late', 'missed', 'stopped']), attempts: z.int(), reason: z.string().nullable(), receiptSeq: z.int().nullable(), airedAt: instant.nullable(),
  seconds: z.number().nullable(), silent: z.boolean(),
}).meta({ id: 'AiringSlot' });
export const complianceSchema = z.object({
  destination: z.string(), due: z.int(), aired: z.int(), late: z.int(), missed: z.int(), stopped: z.int(), inTime: z.number().nullable(),
  firstAiredAt: instant.nullable(), lastAiredAt: instant.nullable(),
}).meta({ id: 'Compliance' });

const DAY_MS = 86_400_000;
const query = z.strictObject({ days: z.coerce.number().int().min(1).max(366).default(30) });

/** How broadcasters keep the rulebook: their slots, each with its proof. Drill and live are different addresses. */
@Controller('v1/:mode')
export class AiringController {
  private readonly store: PgAiringStore;

  constructor(@Inject(HOUSE) private readonly house: House) {
    this.store = new PgAiringStore(house.source, house.clock, house.ids);
  }

  @Get('alerts/:id/airing')
  @Door({
    action: 'delivery.read', summary: 'The airing slots of an alert with their proofs, and what each broadcaster has kept of them.', refusals: ['ALERT_MISSING'],
    response: z.object({ destinations: z.array(complianceSchema), slots: z.array(slotSchema) }),
  })
  async ofAlert(@Param('mode') mode: Mode, @Param('id') alertId: AlertId) {
    if (!(await this.store.knows(mode, alertId))) throw fail('ALERT_MISSING');
    const slots = await this.store.slots({ alertId, mode });
    return { destinations: complianceOf(slots), slots };
  }

  @Get('airing')
  @Door({
    action: 'delivery.read', summary: 'What each broadcaster has kept of the rulebook over the last days.', query,
    response: z.object({ since: instant, destinations: z.array(complianceSchema) }),
  })
  async ofBroadcasters(@Param('mode') mode: Mode, @Query() { days }: z.infer<typeof query>) {
    const since = new Date(this.house.clock.now().getTime() - days * DAY_MS);
    return { since, destinations: complianceOf(await this.store.slots({ mode, since })) };
  }
}
