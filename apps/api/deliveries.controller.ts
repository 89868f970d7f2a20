import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { AlertId, DeliveryId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import type { SignedIn } from '#identity/accounts.js';
import { AlertViews } from '#storage/alert-views.js';
import { reasonBody } from './alert-decisions.controller.js';
import { deliverySchema } from './alerts.controller.js';
import { Door, PATH_PARAMETERS, Who } from './door.js';
import { HOUSE } from './parts.js';

const query = z.strictObject({
  state: z.literal('dead-letters').default('dead-letters'),
  mode: z.enum(['drill', 'live']).optional(), alert: (PATH_PARAMETERS['id'] as z.ZodType<AlertId>).optional(), cursor: z.string().max(200).optional(), limit: z.coerce.number().int().min(1).max(200).default(50),
});
const REFUSALS = ['DELIVERY_MISSING', 'DELIVERY_NOT_DEAD', 'REASON_MISSING', 'ALERT_ERASED'] as const;

/** Deliveries that wait for a person. */
@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(
    private readonly views: AlertViews,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  @Get()
  @Door({
    action: 'delivery.read', summary: 'Dead letters: refused, out of time, failed or uncertain; oldest first.', query,
    response: z.object({ items: z.array(deliverySchema), next: z.string().nullable() }),
  })
  list(@Query() { mode, alert, cursor, limit }: { mode?: Mode; alert?: AlertId; cursor?: string; limit: number }) {
    return this.views.deadLetters({ limit, ...(mode && { mode }), ...(alert && { alert }), ...(cursor && { cursor }) });
  }

  @Post(':id/retry')
  @Door({ action: 'delivery.settle', summary: 'Send a dead letter again, with a reason.', body: reasonBody, status: 204, refusals: REFUSALS })
  async retry(@Param('id') id: DeliveryId, @Body() { reason }: { reason: string }, @Who() { officer }: SignedIn): Promise<void> {
    await this.house.deliveries.settleDeadLetter(id, 'retry', officer.id, reason, this.house.clock.now());
  }

  @Post(':id/close')
  @Door({ action: 'delivery.settle', summary: 'Close a dead letter, with a reason.', body: reasonBody, status: 204, refusals: REFUSALS })
  async close(@Param('id') id: DeliveryId, @Body() { reason }: { reason: string }, @Who() { officer }: SignedIn): Promise<void> {
    await this.house.deliveries.settleDeadLetter(id, 'close', officer.id, reason, this.house.clock.now());
  }
}
