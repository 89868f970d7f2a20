import { Readable } from 'node:stream';
import { Controller, Get, Inject, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { auditPublicKeys } from '#apps/audit-keys.js';
import type { House } from '#apps/composition.js';
import { checkpointSchema, keyIdOf, readPublicKeys } from '#audit/checkpoint.js';
import { exportCsv, exportJson, exportJsonLines } from '#audit/export.js';
import { FACT_BODIES, makeFact, officerActor, readRecord, type FactBody, type FactType } from '#audit/fact.js';
import { BREAKS, type AuditRow } from '#audit/verify.js';
import type { SignedIn } from '#identity/accounts.js';
import type { FactId } from '#kernel/ids.js';
import { PgAuditStore, type DatabaseVerdict } from '#storage/audit-store.js';
import { RECEIPT_BREAKS } from '#storage/receipt-check.js';
import { rows } from '#storage/database.js';
import { Door, Who } from './door.js';
import { HOUSE } from './parts.js';

const instant = z.iso.datetime({ offset: true });
const limit = z.coerce.number().int().min(1).max(1_000).default(100);
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const factQuery = z.strictObject({
  alert: uuid.optional(),
  type: z.enum(Object.keys(FACT_BODIES) as [FactType, ...FactType[]]).optional(),
  /** `system`, `officer:<id>` or `destination:<id>`. */
  actor: z.string().regex(/^(system|(officer|destination):[A-Za-z0-9_.-]{1,80})$/).optional(),
  from: instant.optional(),
  to: instant.optional(),
  /** `next` of the page before. */
  after: z.coerce.number().int().min(0).default(0),
  limit,
});
const checkpointQuery = z.strictObject({ after: z.coerce.number().int().min(0).default(0), limit });

const factSchema = z.object({
  seq: z.int(), hash: z.string(), id: z.string(), type: z.string(), actor: z.string(), at: z.string(), alert: z.string().nullable(), body: z.record(z.string(), z.unknown()), v: z.int(),
}).meta({ id: 'AuditFact' });
const broken = z.object({ seq: z.int(), to: z.int().optional(), reason: z.enum(Object.keys(BREAKS)), detail: z.string().optional() });
const verdictSchema = z.object({
  ok: z.boolean(), facts: z.int(), lastHash: z.string(), checkpoints: z.int(), coveredTo: z.int(), unlinked: z.int(), broken: broken.optional(),
  checkpointFaults: z.array(z.object({ seq: z.int(), keyId: z.string(), reason: z.string() })),
  receipts: z.object({
    ok: z.boolean(), receipts: z.int(), undecided: z.int(),
    broken: z.object({ fact: z.int().optional(), receipt: z.int().optional(), reason: z.enum(Object.keys(RECEIPT_BREAKS)) }).optional(),
  }),
}).meta({ id: 'AuditVerdict' });
const pageOf = (item: z.ZodType) => z.object({ items: z.array(item), next: z.string().nullable() });

/** What was decided and sent, for auditors: to read, to carry away and to verify. Nothing here changes anything but its own trace. */
@Controller('v1/audit')
export class AuditController {
  private readonly store: PgAuditStore;
  private verifying: Promise<DatabaseVerdict> | undefined;

  constructor(@Inject(HOUSE) private readonly house: House) {
    this.store = new PgAuditStore(house.source);
  }

  @Get('facts')
  @Door({ action: 'audit.read', summary: 'The facts in their order, those that fit every filter given.', query: factQuery, response: pageOf(factSchema) })
  async facts(@Query() query: z.infer<typeof factQuery>) {
    const { alert, type, actor, from, to, after, limit: most } = query;
    const found = await this.store.page({
      after, ...(alert && { alert }), ...(type && { type }), ...(actor && { actor }), ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }),
    }, most + 1);
    return { items: found.slice(0, most).map(shown), next: found.length > most ? String(found[most - 1]!.seq) : null };
  }

  @Get('export.jsonl')
  @Door({ action: 'audit.read', summary: 'Everything, with checkpoints and keys, to be verified without this system.', response: 'application/jsonl' })
  exportLines(@Who() who: SignedIn, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, who, 'jsonl', 'application/jsonl; charset=utf-8', (rowsUpTo) => exportJsonLines(rowsUpTo, this.store.checkpoints(), auditPublicKeys(this.house.secret)));
  }

  @Get('export.csv')
  @Door({ action: 'audit.read', summary: 'The facts as a table.', response: 'text/csv' })
  exportTable(@Who() who: SignedIn, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, who, 'csv', 'text/csv; charset=utf-8; header=present', exportCsv);
  }

  @Get('export.json')
  @Door({ action: 'audit.read', summary: 'The facts as JSON.', response: z.array(z.object({ seq: z.int(), hash: z.string(), fact: z.record(z.string(), z.unknown()).optional(), record: z.string().optional() })) })
  exportArray(@Who() who: SignedIn, @Res() reply: FastifyReply): Promise<void> {
    return this.send(reply, who, 'json', 'application/json; charset=utf-8', exportJson);
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
  @Door({ action: 'audit.read', summary: 'The signed checkpoints, oldest first.', query: checkpointQuery, response: pageOf(checkpointSchema) })
  async checkpoints(@Query() { after, limit: most }: z.infer<typeof checkpointQuery>) {
    const items = [];
    for await (const checkpoint of this.store.checkpoints({ after, page: most + 1 })) if (items.push(checkpoint) > most) break;
    return { items: items.slice(0, most), next: items.length > most ? String(items[most - 1]!.seq) : null };
  }

  @Get('keys')
  @Door({
    action: 'audit.read', summary: 'The public keys of the checkpoints. Compare them with what was carried off this host.',
    response: z.object({ keys: z.array(z.object({ keyId: z.string(), publicKey: z.string() })) }),
  })
  keys() {
    return { keys: auditPublicKeys(this.house.secret).map((publicKey) => ({ keyId: keyIdOf(publicKey), publicKey })) };
  }

  /** Writes down who takes what away before the first octet leaves, then streams: memory stays the same however long it is. */
  private async send(
    reply: FastifyReply, { officer }: SignedIn, format: FactBody<'audit.exported'>['format'], type: string, write: (rowsUpTo: AsyncIterable<AuditRow>) => AsyncIterable<string>,
  ): Promise<void> {
    const { source, clock, ids } = this.house;
    const { seq } = await this.store.head();
    const fact = makeFact({ id: ids.next<FactId>(), at: clock.now(), type: 'audit.exported', actor: officerActor(officer.id), body: { format, facts: seq, lastSeq: seq } });
    await rows(source, 'SELECT append_facts($1)', [[fact.record]]);
    reply.header('content-type', type).header('content-disposition', `attachment; filename="findme-audit-${seq}.${format}"`);
    await reply.send(Readable.from(write(this.store.stream({ upTo: seq }))));
  }
}


function shown({ seq, hash, record }: AuditRow) {
  return { seq, hash, ...(readRecord(record) ?? { id: '', type: 'unreadable', actor: '', at: '', alert: null, body: {}, v: 0 }) };
}
