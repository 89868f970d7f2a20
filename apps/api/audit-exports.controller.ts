import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { auditPublicKeys } from '#apps/audit-keys.js';
import type { House } from '#apps/composition.js';
import { projectRoot } from '#config/project-root.js';
import { exportCsv, exportJson, exportJsonLines, exportSelection } from '#audit/export.js';
import type { FactBody } from '#audit/fact.js';
import type { AuditRow } from '#audit/verify.js';
import type { SignedIn } from '#identity/accounts.js';
import { sha256Hex } from '#kernel/canonical.js';
import { AuditSearch, type FactFilter } from '#storage/audit-search.js';
import { PgAuditStore } from '#storage/audit-store.js';
import { exportQuery, filterOf, selectionOf } from './audit-queries.js';
import { verifierSchema } from './audit-schemas.js';
import { noteExport } from './audit-trace.js';
import { Door, Who } from './door.js';
import { HOUSE } from './parts.js';

type Asked = z.infer<typeof exportQuery>;
type Format = FactBody<'audit.exported'>['format'];

export const VERIFIER_NAME = 'findme-verify.mjs';
const arraySchema = z.array(z.object({ seq: z.int(), hash: z.string(), fact: z.record(z.string(), z.unknown()).optional(), record: z.string().optional() }));
/** The audit to carry away: everything or what was asked for, and the program that verifies it. Each export leaves its own trace. */
@Controller('v1/audit')
export class AuditExportsController {
  private readonly store: PgAuditStore;
  private readonly search: AuditSearch;

  constructor(@Inject(HOUSE) private readonly house: House) {
    this.store = new PgAuditStore(house.source);
    this.search = new AuditSearch(house.source);
  }

  @Get('export.jsonl')
  @Door({
    action: 'audit.read', query: exportQuery, response: 'application/jsonl',
    summary: 'Everything with checkpoints and keys, to be verified without this system; with filters a selection, which says that it is one and can be held against everything.',
  })
  exportLines(@Query() query: Asked, @Who() who: SignedIn, @Res() reply: FastifyReply): Promise<void> {
    const filter = filterOf(query);
    const selection = selectionOf(filter);
    const keys = auditPublicKeys(this.house.secret);
    return this.send(reply, who, filter, 'jsonl', 'application/jsonl; charset=utf-8', (upTo) => (selection
      ? exportSelection(this.search.stream(filter, upTo), selection, this.store.checkpoints(), keys)
      : exportJsonLines(this.store.stream({ upTo }), this.store.checkpoints(), keys)));
  }

  @Get('export.csv')
  @Door({ action: 'audit.read', summary: 'The facts that fit as a table.', query: exportQuery, response: 'text/csv' })
  exportTable(@Query() query: Asked, @Who() who: SignedIn, @Res() reply: FastifyReply): Promise<void> {
    const filter = filterOf(query);
    return this.send(reply, who, filter, 'csv', 'text/csv; charset=utf-8; header=present', (upTo) => exportCsv(this.rowsOf(filter, upTo)));
  }

  @Get('export.json')
  @Door({ action: 'audit.read', summary: 'The facts that fit as JSON.', query: exportQuery, response: arraySchema })
  exportArray(@Query() query: Asked, @Who() who: SignedIn, @Res() reply: FastifyReply): Promise<void> {
    const filter = filterOf(query);
    return this.send(reply, who, filter, 'json', 'application/json; charset=utf-8', (upTo) => exportJson(this.rowsOf(filter, upTo)));
  }

  @Get('verifier')
  @Door({ action: 'audit.read', summary: 'The offline verifier that can be downloaded here: its name, size and SHA-256.', response: verifierSchema })
  async verifier() {
    const octets = await this.verifierFile();
    return { name: VERIFIER_NAME, bytes: octets.length, sha256: sha256Hex(octets) };
  }

  @Get(`verifier/${VERIFIER_NAME}`)
  @Door({ action: 'audit.read', summary: 'The offline verifier: one file, which needs Node.js and no network.', response: 'text/javascript' })
  async download(@Res() reply: FastifyReply): Promise<void> {
    const octets = await this.verifierFile();
    reply.header('content-type', 'text/javascript; charset=utf-8').header('content-disposition', `attachment; filename="${VERIFIER_NAME}"`);
    await reply.send(octets);
  }

  private verifierFile(): Promise<Buffer> {
    return readFile(join(projectRoot, 'dist', 'verifier', VERIFIER_NAME));
  }

  private rowsOf(filter: FactFilter, upTo: number): AsyncIterable<AuditRow> {
    return selectionOf(filter) ? this.search.stream(filter, upTo) : this.store.stream({ upTo });
  }

  /** Writes down who takes what away before the first octet leaves, then streams: memory stays the same however long it is. */
  private async send(reply: FastifyReply, { officer }: SignedIn, filter: FactFilter, format: Format, type: string, write: (upTo: number) => AsyncIterable<string>): Promise<void> {
    const { seq } = await this.store.head();
    const selection = selectionOf(filter);
    await noteExport(this.house, officer.id, format, selection ? await this.search.count(filter, seq) : seq, seq, selection);
    reply.header('content-type', type).header('content-disposition', `attachment; filename="findme-audit-${selection ? 'selection-' : ''}${seq}.${format}"`);
    await reply.send(Readable.from(write(seq)));
  }
}
