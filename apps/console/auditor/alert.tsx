import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { z } from 'zod';
import type { timelineEntrySchema } from '#apps/api/audit-schemas.js';
import { read } from '../api.js';
import { Button } from '../design/button.js';
import { Badge } from '../design/notice.js';
import type { DeskProps } from '../desks.js';
import { tell, type Names } from '../facts/sentences.js';
import { receiptWord, STATUS_NAMES } from '../facts/words.js';
import { useFormat, useLanguage, useSay, type Wording } from '../language.js';
import type { Alert } from './alert-table.js';
import { Compliance } from './compliance.js';
import { AuditPage, Download, Reading, Table, useNames, usePages } from './parts.js';
import { apiPath, searchPath } from './search.js';
import { texts } from './texts.js';

type Entry = z.output<typeof timelineEntrySchema>;

/** One alert, from its first draft to its erasure. */
export default function OneAlert({ params }: DeskProps) {
  const t = useSay();
  const { language } = useLanguage();
  const id = params['id'] ?? '';
  const path = `/v1/audit/alerts/${id}`;
  const { data: alert, error, refetch } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<Alert>(path, signal) });
  return (
    <AuditPage title={`${t(texts.timelineOf)} ${alert?.caseNumber ?? id.slice(0, 8)}`}>
      {alert ? (
        <>
          <KeyTimes alert={alert} />
          <div className="row no-print">
            <Download href={apiPath('/v1/audit/report.pdf', {}, [], { alert: id, language })}>{t(texts.pdf)}</Download>
            <Download href={apiPath('/v1/audit/export.jsonl', { alert: id }, ['alert'])}>{t(texts.jsonl)}</Download>
            <Download href={apiPath('/v1/audit/export.csv', { alert: id }, ['alert'])}>{t(texts.csv)}</Download>
            <Link href={searchPath('/audit', { alert: id, order: 'oldest' })}>{t(texts.factsOf)}</Link>
          </div>
          <Timeline id={id} />
          <section className="card stack" aria-labelledby="auditor-airing"><h2 id="auditor-airing">{t(texts.airing)}</h2><Compliance search={{ alert: id }} /></section>
        </>
      ) : <Reading error={error} again={() => { void refetch(); }} />}
    </AuditPage>
  );
}

function KeyTimes({ alert }: { readonly alert: Alert }) {
  const t = useSay();
  const format = useFormat();
  const rows: readonly (readonly [Wording, string | null])[] = [
    [texts.created, alert.createdAt], [texts.approved, alert.approvedAt], [texts.firstAccepted, alert.firstAcceptedAt], [texts.lastAccepted, alert.lastAcceptedAt],
    [texts.ended, alert.endedAt], [texts.lastEnd, alert.lastEndAcceptedAt], [texts.erased, alert.erasedAt],
  ];
  return (
    <section className="card" aria-labelledby="auditor-times">
      <h2 id="auditor-times">{t(texts.keyTimes)}</h2>
      <p className="row"><Badge>{t(texts.modes[alert.mode])}</Badge><Badge tone="info">{t(STATUS_NAMES[alert.status])}</Badge><span className="mono">{alert.id}</span></p>
      <dl className="auditor-pairs">
        {rows.map(([name, at]) => <div key={t(name)}><dt>{t(name)}</dt><dd>{at === null ? t(texts.never) : <time dateTime={at}>{format.date(at)} {format.timeToSecond(at)}</time>}</dd></div>)}
        <div><dt>{t(texts.accepted)}</dt><dd>{t(texts.of(alert.accepted, alert.deliveries))}</dd></div>
        <div><dt>{t(texts.erasures)}</dt><dd>{t(texts.of(alert.erasures.confirmed, alert.erasures.asked))}</dd></div>
      </dl>
    </section>
  );
}

function Timeline({ id }: { readonly id: string }) {
  const t = useSay();
  const format = useFormat();
  const { names } = useNames();
  const { items, error, again, more } = usePages<Entry>(`/v1/audit/alerts/${id}/timeline?limit=200`);
  if (!items) return <Reading error={error} again={again} />;
  return (
    <section className="card stack" aria-labelledby="auditor-timeline">
      <h2 id="auditor-timeline">{t(texts.timeline)}</h2>
      <Table label={t(texts.timeline)} head={[texts.at, texts.what, texts.source].map(t)}>
        {items.map((entry) => (
          <tr key={keyOf(entry)} className={`auditor-${entry.kind}`}>
            <td className="auditor-time"><time dateTime={entry.at}>{format.date(entry.at)} {format.timeToSecond(entry.at)}</time></td>
            <td>{t(sentenceOf(entry, names, format.number))}</td>
            <td className="muted">{t(texts.sources[entry.kind])} <span className="mono">{numberOf(entry)}</span></td>
          </tr>
        ))}
      </Table>
      {more && <div className="no-print"><Button {...more}>{t(texts.more)}</Button></div>}
    </section>
  );
}

const numberOf = (entry: Entry): number => (entry.kind === 'fact' ? entry.fact.seq : entry.kind === 'receipt' ? entry.receipt.seq : entry.report.seq);
const keyOf = (entry: Entry): string => `${entry.kind} ${numberOf(entry)}`;

function sentenceOf(entry: Entry, names: Names, number: (n: number, options?: Intl.NumberFormatOptions) => string): Wording {
  if (entry.kind === 'fact') return tell(entry.fact, names);
  const nameOf = (id: string): string => names.destination(id) ?? id;
  if (entry.kind === 'receipt') return texts.receipt(nameOf(entry.receipt.destination), entry.receipt.stage, receiptWord(entry.receipt.word));
  const { destination, stage, percent, done, total } = entry.report;
  if (stage !== 'progress') return texts.report[stage](nameOf(destination));
  const part = percent === null ? `${number(done ?? 0)}${total === null ? '' : ` / ${number(total)}`}` : number(percent / 100, { style: 'percent' });
  return texts.report.progress(nameOf(destination), part);
}
