import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { SignedIn } from '#identity/accounts.js';
import { fail } from '#kernel/errors.js';
import { filterOf, instant, mode, selectionOf, uuid } from './audit-queries.js';
import { noteExport } from './audit-trace.js';
import { Door, Who } from './door.js';
import { HOUSE } from './parts.js';
import { writeReport } from './report/report.js';
import { REPORT_LANGUAGES } from './report/words.js';

const query = z.strictObject({
  /** One alert, or else a mode and a time. */
  alert: uuid.optional(), mode: mode.optional(), from: instant.optional(), to: instant.optional(), language: z.enum(REPORT_LANGUAGES).default('sr-Latn'),
});

/** What happened, on paper. */
@Controller('v1/audit')
export class AuditReportController {
  constructor(@Inject(HOUSE) private readonly house: House) {}

  @Get('report.pdf')
  @Door({
    action: 'audit.read', query, response: 'application/pdf', refusals: ['ALERT_MISSING'],
    summary: 'A report to print, of one alert or of a mode between two times, with the signed checkpoint that covers it, printed and attached, and the facts it speaks of attached.',
  })
  async report(@Query() { alert, mode: world, from, to, language }: z.infer<typeof query>, @Who() { officer }: SignedIn, @Res() reply: FastifyReply): Promise<void> {
    const period = [world, from, to].filter((part) => part !== undefined).length;
    if (period !== (alert === undefined ? 3 : 0)) throw fail('REQUEST_INVALID', 'query.alert', 'A report is of one alert, or of a mode between two times.');
    const filter = filterOf(alert === undefined ? { mode: world, from, to } : { alert });
    const { pdf, name } = await writeReport(this.house, {
      filter, language, by: officer, note: (facts, lastSeq) => noteExport(this.house, officer.id, 'pdf', facts, lastSeq, selectionOf(filter)),
    });
    reply.header('content-type', 'application/pdf').header('content-disposition', `attachment; filename="${name}"`);
    await reply.send(pdf);
  }
}
