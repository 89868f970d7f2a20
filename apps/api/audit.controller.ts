import { Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { auditPublicKeys } from '#apps/audit-keys.js';
import type { House } from '#apps/composition.js';
import { keyIdOf, readPublicKeys } from '#audit/checkpoint.js';
import { readRecord } from '#audit/fact.js';
import type { AuditRow } from '#audit/verify.js';
import { AuditSearch } from '#storage/audit-search.js';
import { PgAuditStore, type DatabaseVerdict } from '#storage/audit-store.js';
import { factQuery, filterOf, limit } from './audit-queries.js';
import { checkpointPageSchema, factPageSchema, keysSchema, verdictSchema } from './audit-schemas.js';
import { Door } from './door.js';
import { HOUSE } from './parts.js';

const checkpointQuery = z.strictObject({ after: z.coerce.number().int().min(0).default(0), limit });

/** What was decided and sent, for auditors: to read and to verify. Nothing here changes anything. */
@Controller('v1/audit')
export class AuditController {
  private readonly store: PgAuditStore;
  private readonly search: AuditSearch;
  private verifying: Promise<DatabaseVerdict> | undefined;

  constructor(@Inject(HOUSE) private readonly house: House) {
    this.store = new PgAuditStore(house.source);
    this.search = new AuditSearch(house.source);
  }

  @Get('facts')
  @Door({ action: 'audit.read', summary: 'The facts in their order, or newest first: those that fit every filter given.', query: factQuery, response: factPageSchema })
  async facts(@Query() { after, order, limit: most, ...asked }: z.infer<typeof factQuery>) {
    const found = await this.search.page(filterOf(asked), { ...(after !== undefined && { after }), newestFirst: order === 'newest', limit: most + 1 });
    return { items: found.slice(0, most).map(shown), next: found.length > most ? String(found[most - 1]!.seq) : null };
  }

  @Post('verify')
  @Door({ action: 'audit.verify', summary: 'Recompute the chain, the checkpoints and the receipts where they are kept, and say what is the first thing wrong.', response: verdictSchema })
  verify(): Promise<DatabaseVerdict> {
    // Recomputing takes its time: who asks meanwhile gets the same answer.
    return this.verifying ??= this.store.verify(readPublicKeys(auditPublicKeys(this.house.secret))).finally(() => {
      this.verifying = undefined;
    });
  }

  @Get('checkpoints')
  @Door({ action: 'audit.read', summary: 'The signed checkpoints, oldest first.', query: checkpointQuery, response: checkpointPageSchema })
  async checkpoints(@Query() { after, limit: most }: z.infer<typeof checkpointQuery>) {
    const items = [];
    for await (const checkpoint of this.store.checkpoints({ after, page: most + 1 })) if (items.push(checkpoint) > most) break;
    return { items: items.slice(0, most), next: items.length > most ? String(items[most - 1]!.seq) : null };
  }

  @Get('keys')
  @Door({ action: 'audit.read', summary: 'The public keys of the checkpoints. Compare them with what was carried off this host.', response: keysSchema })
  keys() {
    return { keys: auditPublicKeys(this.house.secret).map((publicKey) => ({ keyId: keyIdOf(publicKey), publicKey })) };
  }
}

function shown({ seq, hash, record }: AuditRow) {
  return { seq, hash, ...(readRecord(record) ?? { id: '', type: 'unreadable', actor: '', at: '', alert: null, body: {}, v: 0 }) };
}
