import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { AlertId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import type { SignedIn } from '#identity/accounts.js';
import { PgErasureStore } from '#storage/erasure-store.js';
import { reasonBody } from './alert-decisions.controller.js';
import { Door, PATH_PARAMETERS, Who } from './door.js';
import { provesErasure, signs } from './partner-access.js';
import { HOUSE } from './parts.js';

const uuid = PATH_PARAMETERS['id'] as z.ZodType<string>;
const query = z.strictObject({
  state: z.enum(['open', 'all']).default('open'), alert: uuid.optional(), after: uuid.optional(), limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
const instant = z.iso.datetime();
const erasureSchema = z.object({
  id: z.string(), alertId: z.string(), mode: z.string(), destination: z.string(), askedAt: instant, dueAt: instant, overdue: z.boolean(), chased: z.int(), nextChaseAt: instant.nullable(),
  confirmedAt: instant.nullable(), confirmedBy: z.string().nullable(),
  /** Who can confirm: the partner at the API; the receipt of its ending; or only an officer whom it told. An officer always can. */
  confirms: z.enum(['partner', 'receipt', 'officer']),
}).meta({ id: 'Erasure' });

/** What partners were asked to erase, and who has. */
@Controller('v1/:mode')
export class ErasuresController {
  constructor(
    @Inject(HOUSE) private readonly house: House,
    private readonly erasures: PgErasureStore,
  ) {}

  @Get('erasures')
  @Door({
    action: 'delivery.read', summary: 'Requests to erase the data of ended alerts: those that no partner has confirmed, or all; oldest first.', query,
    response: z.object({ items: z.array(erasureSchema), next: z.string().nullable() }),
  })
  async list(@Param('mode') mode: Mode, @Query() { state, alert, after, limit }: z.infer<typeof query>) {
    const { configuration, clock } = this.house;
    const now = clock.now();
    const confirming = new Map<string, 'partner' | 'receipt'>([
      ...configuration.destinations.filter(provesErasure).map((d) => [d.id, 'receipt'] as const), ...configuration.destinations.filter(signs).map((d) => [d.id, 'partner'] as const),
    ]);
    const { items, next } = await this.erasures.list(mode, { open: state === 'open', limit, ...(alert && { alert: alert as AlertId }), ...(after && { after }) });
    return {
      items: items.map((item) => ({ ...item, overdue: item.confirmedAt === null && item.dueAt <= now, confirms: confirming.get(item.destination) ?? 'officer' })),
      next,
    };
  }

  @Post('alerts/:id/erasures/:destination/confirm')
  @Door({
    action: 'delivery.settle', status: 204, body: reasonBody, params: { destination: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/) },
    summary: 'Confirm for a partner that has told so another way, with the reason: who said it, and how.',
    refusals: ['ERASURE_MISSING', 'ERASURE_CONFIRMED', 'REASON_MISSING'],
  })
  async confirm(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Param('destination') destination: string, @Body() { reason }: { reason: string }, @Who() { officer }: SignedIn): Promise<void> {
    await this.erasures.confirmByOfficer(mode, id, destination, officer.id, reason);
    this.house.log.event('erasure.confirmed', { destination, means: 'officer' });
  }
}
