import { Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { ErasureId } from '#dispatch/erasure.js';
import { readReported, receiptBodies } from '#dispatch/https/receipt.js';
import { Refusal } from '#kernel/errors.js';
import { PgErasureStore } from '#storage/erasure-store.js';
import { PgPartnerStore } from '#storage/partner-store.js';
import { Door } from './door.js';
import type { DoorRequest } from './door.js';
import { partnerAt, signedIn, SIGNED } from './partner-access.js';
import { HOUSE } from './parts.js';
import { ReceiptIntake } from './receipt-intake.js';

const params = { destination: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/) };
const instant = z.iso.datetime();
export const pageQuery = z.strictObject({ cursor: z.string().max(200).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) });
/** Newest word of how far a partner is. */
export const progressSchema = z.object({ percent: z.number().optional(), done: z.int().optional(), total: z.int().optional(), at: instant }).nullable();
export const partnerDelivery = z.object({
  key: z.string(), alertId: z.string(), mode: z.string(), identifier: z.string().nullable(), revision: z.int(), kind: z.string(), part: z.int(), state: z.string(), confirmation: z.string().nullable(),
  createdAt: instant, acceptedAt: instant.nullable(), expiresAt: instant, receipts: z.object({ confirmed: z.int(), failed: z.int(), expected: z.int().nullable() }),
  acknowledgedAt: instant.nullable(), progress: progressSchema,
}).meta({ id: 'PartnerDelivery' });
export type PartnerDeliveryAnswer = z.infer<typeof partnerDelivery>;
export const partnerErasure = z.object({
  id: z.string(), alertId: z.string(), mode: z.string(), askedAt: instant, dueAt: instant, chased: z.int(), keys: z.array(z.string()),
}).meta({ id: 'PartnerErasure' });
export type PartnerErasureAnswer = z.infer<typeof partnerErasure>;

/**
 * Where partners that speak HTTP say what became of what they took, and see what is theirs. Who asks is the destination of the
 * address and nobody else: it signs with its own secret. The doors are open to anyone because no officer comes through them.
 */
@Controller('v1/partners')
export class PartnersController {
  private readonly intake: ReceiptIntake;

  constructor(
    @Inject(HOUSE) private readonly house: House,
    private readonly partners: PgPartnerStore,
    private readonly erasures: PgErasureStore,
  ) {
    this.intake = new ReceiptIntake({ ...house, partners, erasures });
  }

  @Post(':destination/receipts')
  @Door({
    action: 'anyone', status: 204, body: receiptBodies, judgedBy: 'core', params,
    summary: 'One receipt or report, or a list of them, signed as a Standard Webhook by the destination they speak for. The same webhook again changes nothing.',
    headers: { ...SIGNED, 'webhook-signature': 'v1, and base64 of HMAC-SHA256 over id.timestamp.body. Required.' },
    refusals: ['RECEIPT_FORGED', 'STORE_BUSY'],
  })
  async receive(@Param('destination') id: string, @Req() request: DoorRequest): Promise<void> {
    const { clock, log } = this.house;
    const { destination, secrets } = partnerAt(this.house, id);
    const about = { channel: destination.channel, destination: destination.id };
    try {
      // The stores match deliveries of this destination alone: nobody speaks for another.
      const { receipts, reports } = readReported(destination.id, { secrets, headers: request.headers, body: request.rawBody ?? '', now: clock.now() });
      await this.intake.take(destination.id, { receipts, reports });
      for (const { stage } of [...receipts, ...reports]) log.event('receipt.received', { ...about, stage });
    } catch (error) {
      if (error instanceof Refusal) log.event('receipt.refused', { ...about, cause: error.code }, 'warn');
      throw error;
    }
  }

  @Get(':destination/deliveries')
  @Door({
    action: 'anyone', params, query: pageQuery, headers: SIGNED, response: z.object({ items: z.array(partnerDelivery), next: z.string().nullable() }),
    summary: 'What went to this destination, newest first, and what it has said of it; signed by it.', refusals: ['REQUEST_FORGED', 'STORE_BUSY'],
  })
  async deliveries(@Param('destination') id: string, @Query() { cursor, limit }: { cursor?: string; limit: number }, @Req() request: DoorRequest) {
    return this.partners.deliveries(signedIn(this.house, id, request).id, { limit, ...(cursor !== undefined && { cursor }) });
  }

  @Get(':destination/erasures')
  @Door({
    action: 'anyone', params, headers: SIGNED, response: z.object({ items: z.array(partnerErasure) }),
    summary: 'What this destination is asked to erase and has not confirmed, oldest first; signed by it.', refusals: ['REQUEST_FORGED', 'STORE_BUSY'],
  })
  async open(@Param('destination') id: string, @Req() request: DoorRequest) {
    const asked = await this.erasures.openOf(signedIn(this.house, id, request).id);
    return { items: asked.map(({ destination: _, ...rest }) => rest) };
  }

  @Post(':destination/erasures/:id/confirm')
  @Door({
    action: 'anyone', status: 204, params, headers: SIGNED,
    summary: 'All data of that alert is erased: copies, caches and queues too; signed by the destination that was asked. Said again it changes nothing.',
    refusals: ['REQUEST_FORGED', 'ERASURE_MISSING', 'STORE_BUSY'],
  })
  async confirm(@Param('destination') id: string, @Param('id') erasure: ErasureId, @Req() request: DoorRequest): Promise<void> {
    const destination = signedIn(this.house, id, request);
    await this.erasures.confirmByPartner(destination.id, erasure);
    this.house.log.event('erasure.confirmed', { destination: destination.id, means: 'partner' });
  }
}
