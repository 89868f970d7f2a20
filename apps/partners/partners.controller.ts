import { BadRequestException, Body, Controller, Delete, Get, HttpCode, Inject, NotFoundException, Param, Put, Query } from '@nestjs/common';
import { z } from 'zod';
import type { FakePartner, LedgerEntry } from '#dispatch/testing/fake-partner.js';
import type { Cast } from './cast.js';

export const CAST = Symbol('cast');

const faultsSchema = z.strictObject({
  latencyMs: z.int().min(0).max(600_000),
  hang: z.boolean(), error: z.boolean(), refuse: z.boolean(), throttle: z.boolean(), reset: z.boolean(), loseAcknowledgement: z.boolean(), rubbish: z.boolean(),
  truncate: z.boolean(), trickleMs: z.int().min(1).max(600_000),
  duplicateReceipts: z.boolean(), noReceipts: z.boolean(), noErasure: z.boolean(),
}).partial();

/** Control of the simulated partners, on loopback: what each has taken, and which trouble it is to make. */
@Controller('partners')
export class PartnersController {
  constructor(@Inject(CAST) private readonly cast: Cast) {}

  @Get()
  list(): { destination: string; port: number; taken: number }[] {
    return [...this.cast].map(([destination, { port, ledger }]) => ({ destination, port, taken: ledger.length }));
  }

  /** Every ledger counted by key, without connection tests, for entries not older than `since` (milliseconds since the epoch): a country's would be long to read. */
  @Get('ledgers')
  ledgers(@Query('since') since = '0'): { destination: string; keys: { key: string; effects: number; duplicates: number }[] }[] {
    return [...this.cast].map(([destination, { ledger }]) => {
      const keys = new Map<string, { key: string; effects: number; duplicates: number }>();
      for (const { key, duplicate, at, action } of ledger) {
        if (at < Number(since) || action === 'test') continue;
        const count = keys.get(key) ?? { key, effects: 0, duplicates: 0 };
        keys.set(key, count);
        count[duplicate ? 'duplicates' : 'effects'] += 1;
      }
      return { destination, keys: [...keys.values()] };
    });
  }

  @Get(':destination/ledger')
  ledger(@Param('destination') destination: string): readonly LedgerEntry[] {
    return this.partner(destination).ledger;
  }

  @Put(':destination/faults')
  @HttpCode(204)
  setFaults(@Param('destination') destination: string, @Body() body: unknown): void {
    const faults = faultsSchema.safeParse(body);
    if (!faults.success) throw new BadRequestException(faults.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`));
    this.partner(destination).setFaults(faults.data);
  }

  /** Takes a partner away until the next start: nobody listens at its port any more. */
  @Delete(':destination')
  @HttpCode(204)
  async stop(@Param('destination') destination: string): Promise<void> {
    await this.partner(destination).close();
  }

  private partner(destination: string): FakePartner {
    const partner = this.cast.get(destination);
    if (!partner) throw new NotFoundException();
    return partner;
  }
}
