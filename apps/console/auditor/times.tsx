import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearch } from 'wouter';
import type { z } from 'zod';
import type { timesSchema } from '#apps/api/audit-schemas.js';
import type { Measure } from '#storage/audit-times.js';
import { read } from '../api.js';
import { channelName } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { Chart } from './chart.js';
import { Filters } from './filters.js';
import { AuditPage, Reading, Table } from './parts.js';
import { apiPath, readSearch, searchPath } from './search.js';
import { texts } from './texts.js';

type Times = z.output<typeof timesSchema>;
const MEASURES = ['accept', 'air', 'withdraw'] as const satisfies readonly Measure[];

/** How quick the system and its partners were: charts, and the same figures as tables. */
export default function TimesPage() {
  const t = useSay();
  const query = useSearch();
  const search = readSearch(query);
  const [, navigate] = useLocation();
  const path = apiPath('/v1/audit/times', { mode: 'drill', ...search }, ['mode', 'from', 'to']);
  const { data, error, refetch } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<Times>(path, signal) });
  return (
    <AuditPage title={t(texts.times)}>
      <Filters key={query} search={search} fields={['mode', 'from', 'to']} known={undefined} onSearch={(asked) => { navigate(searchPath('/audit/times', asked)); }} />
      <p className="muted">{t(texts.timesText)}</p>
      {data ? MEASURES.map((measure) => <Figures key={measure} measure={measure} times={data} />) : <Reading error={error} again={() => { void refetch(); }} />}
    </AuditPage>
  );
}

function Figures({ measure, times }: { readonly measure: Measure; readonly times: Times }) {
  const t = useSay();
  const format = useFormat();
  const title = t(texts.measures[measure]);
  const channels = times.channels.filter((one) => one.measure === measure);
  const alerts = times.alerts.filter((one) => one.measure === measure);
  const head = [texts.countOf, texts.median, texts.p95, texts.max].map(t);
  const cells = ({ count, medianMs, p95Ms, maxMs }: Times['channels'][number] | Times['alerts'][number]) => (
    <>
      <td className="auditor-number">{format.number(count)}</td>
      {[medianMs, p95Ms, maxMs].map((ms, n) => <td key={n} className="auditor-number">{format.duration(ms)}</td>)}
    </>
  );
  return (
    <section className="card stack" aria-labelledby={`auditor-${measure}`}>
      <h2 id={`auditor-${measure}`}>{title}</h2>
      {channels.length === 0 ? <p>{t(texts.nothing)}</p> : (
        <>
          <p className="muted">{t(texts.legend)} {t(texts.logScale)}</p>
          <Chart title={`${title}, ${t(texts.byChannel)}`} note={`${t(texts.chart)} ${t(texts.logScale)}`} duration={format.duration}
            bars={channels.map(({ channel, medianMs, p95Ms, maxMs }) => ({ name: t(channelName(channel)), median: medianMs, p95: p95Ms, max: maxMs }))} />
          <Table label={`${title}, ${t(texts.byChannel)}`} head={[t(texts.channel), ...head]}>
            {channels.map((one) => <tr key={one.channel}><th scope="row">{t(channelName(one.channel))}</th>{cells(one)}</tr>)}
          </Table>
          {/* The newest twenty are drawn; the table has all that were asked. */}
          <Chart title={`${title}, ${t(texts.byAlert)}`} note={`${t(texts.chart)} ${t(texts.logScale)}`} duration={format.duration}
            bars={alerts.slice(-20).map(({ alertId, at, medianMs, p95Ms, maxMs }) => ({ name: `${format.date(at)} ${alertId.slice(0, 8)}`, median: medianMs, p95: p95Ms, max: maxMs }))} />
          <Table label={`${title}, ${t(texts.byAlert)}`} head={[t(texts.ofAlert), t(texts.at), ...head]}>
            {alerts.map((one) => (
              <tr key={one.alertId}>
                <th scope="row"><Link href={`/audit/alerts/${one.alertId}`} className="mono">{one.alertId.slice(0, 8)}</Link></th>
                <td className="auditor-time"><time dateTime={one.at}>{format.date(one.at)} {format.timeToSecond(one.at)}</time></td>{cells(one)}
              </tr>
            ))}
          </Table>
        </>
      )}
    </section>
  );
}
