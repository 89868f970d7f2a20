import { Controller, Get, Inject, Param } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { AlertId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import { reachOf, WINDOW_MS } from '#dispatch/reach.js';
import { PgHeadway } from '#storage/headway-store.js';
import { Door } from './door.js';
import { HOUSE } from './parts.js';

export const reachSchema = z.object({
  destination: z.string(), channel: z.string(), parts: z.object({ total: z.int(), accepted: z.int() }), people: z.object({ taken: z.int(), total: z.int().nullable() }),
  receipts: z.object({ expected: z.int(), confirmed: z.int(), failed: z.int() }), percent: z.number(), perSecond: z.number().nullable(),
  lastSubscriberAt: z.iso.datetime().nullable(), isEstimate: z.boolean(),
}).meta({ id: 'Reach' });

/** How far a notice has come at each destination, how fast it goes, and when the last one will have it. */
@Controller('v1/:mode/alerts')
export class ReachController {
  private readonly headway: PgHeadway;

  constructor(@Inject(HOUSE) private readonly house: House) {
    this.headway = new PgHeadway(house.source, house.clock);
  }

  @Get(':id/reach')
  @Door({
    action: 'delivery.read', summary: 'How far the newest message of an alert has come at each destination: percent, rate over the last half minute, and when its last subscriber will have it.',
    refusals: ['ALERT_MISSING'], response: z.object({ revision: z.int().nullable(), kind: z.string().nullable(), destinations: z.array(reachSchema) }),
  })
  async ofAlert(@Param('mode') mode: Mode, @Param('id') id: AlertId) {
    const now = this.house.clock.now();
    const reach = await this.headway.reach(mode, id, new Date(now.getTime() - WINDOW_MS));
    return { revision: reach?.revision ?? null, kind: reach?.kind ?? null, destinations: (reach?.destinations ?? []).map((sums) => reachOf(sums, now)) };
  }
}
