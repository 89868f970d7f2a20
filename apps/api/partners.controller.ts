import { Controller, Inject, Param, Post, Req } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import type { Destination } from '#dispatch/channel.js';
import { readReceipts, receiptBodies } from '#dispatch/https/receipt.js';
import { fail, Refusal } from '#kernel/errors.js';
import { Door } from './door.js';
import type { DoorRequest } from './door.js';
import { HOUSE } from './parts.js';

/** Where partners that speak HTTP say what became of what they took. */
@Controller('v1/partners')
export class PartnersController {
  constructor(@Inject(HOUSE) private readonly house: House) {}

  @Post(':destination/receipts')
  @Door({
    action: 'anyone', status: 204, body: receiptBodies, judgedBy: 'core',
    params: { destination: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/) },
    summary: 'One receipt or a list of them, signed as a Standard Webhook by the destination they speak for. The same webhook again changes nothing.',
    headers: { 'webhook-id': 'Standard Webhooks 1.0. Required.', 'webhook-timestamp': 'Seconds since the epoch. Required.', 'webhook-signature': 'Required.' },
    refusals: ['RECEIPT_FORGED', 'STORE_BUSY'],
  })
  async receive(@Param('destination') id: string, @Req() request: DoorRequest): Promise<void> {
    const { configuration, clock, deliveries, log } = this.house;
    const destination = configuration.destinations.find((d) => d.id === id);
    const secrets = destination ? this.secretsOf(destination) : [];
    // Whether there is no such destination or it reports another way is told to nobody.
    if (!destination || secrets.length === 0) throw fail('ROUTE_MISSING');
    try {
      // The store matches deliveries of this destination alone: nobody speaks for another.
      const receipts = readReceipts(destination.id, { secrets, headers: request.headers, body: request.rawBody ?? '', now: clock.now() });
      await deliveries.receive(receipts);
      for (const { stage } of receipts) log.event('receipt.received', { channel: destination.channel, destination: destination.id, stage });
    } catch (error) {
      if (error instanceof Refusal) log.event('receipt.refused', { channel: destination.channel, destination: destination.id, cause: error.code }, 'warn');
      throw error;
    }
  }

  private secretsOf({ channel, settings }: Destination): readonly string[] {
    return (channelByKind(channel).receiptSecrets?.(settings) ?? []).map((name) => this.house.secret(name));
  }
}
