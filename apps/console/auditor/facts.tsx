import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import type { z } from 'zod';
import type { auditedAlertSchema } from '#apps/api/audit-schemas.js';
import type { factPageSchema } from '#apps/api/audit-schemas.js';
import { ask, read } from '../api.js';
import { Button } from '../design/button.js';
import { Field } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { tell } from '../facts/sentences.js';
import { useFormat, useSay } from '../language.js';
import { Alerts } from './alert-table.js';
import { Filters } from './filters.js';
import { AuditPage, Download, Reading, Table, useNames } from './parts.js';
import { apiPath, FACT_FIELDS, readSearch, searchPath, type Search } from './search.js';
import { texts } from './texts.js';

type FactPage = z.output<typeof factPageSchema>;
type Alert = z.output<typeof auditedAlertSchema>;

/** Search over all facts. The search stands in the address. */
export default function Facts() {
  const t = useSay();
  const query = useSearch();
  const search = readSearch(query);
  const [, navigate] = useLocation();
  const { known, names } = useNames();
  const { from: _from, ...byName } = search;
  return (
    <AuditPage title={t(texts.search)}>
      <CaseSearch />
      {/* A new form for another search: what it shows is what the address says. */}
      <Filters key={`${query} ${Object.keys(byName).length}`} search={search} fields={[...FACT_FIELDS, 'order']} known={known} onSearch={(asked) => { navigate(searchPath('/audit', asked)); }} />
      <Results search={search} names={names} />
    </AuditPage>
  );
}

function Results({ search, names }: { readonly search: Search; readonly names: ReturnType<typeof useNames>['names'] }) {
  const t = useSay();
  const format = useFormat();
  const order = search.order === 'oldest' ? 'oldest' : 'newest';
  const path = apiPath('/v1/audit/facts', search, [...FACT_FIELDS, 'after'], { order, limit: '50' });
  const { data, error, refetch } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<FactPage>(path, signal) });
  const exported = (format: string): string => apiPath(`/v1/audit/export.${format}`, search, FACT_FIELDS);
  return (
    <section className="card stack" aria-labelledby="auditor-facts">
      <h2 id="auditor-facts">{t(texts.results)}</h2>
      {data ? (
        <>
          <p role="status">{data.items.length === 0 ? t(texts.nothing) : t(texts.found(data.items.length))}</p>
          {data.items.length > 0 && (
            <Table label={t(texts.results)} head={[texts.place, texts.at, texts.what, texts.ofAlert].map(t)}>
              {data.items.map((fact) => (
                <tr key={fact.seq}>
                  <td className="mono">{fact.seq}</td>
                  <td className="auditor-time"><time dateTime={fact.at}>{format.date(fact.at)} {format.timeToSecond(fact.at)}</time></td>
                  <td>{t(tell(fact, names))}</td>
                  <td>{fact.alert !== null && <Link href={`/audit/alerts/${fact.alert}`} className="mono">{fact.alert.slice(0, 8)}</Link>}</td>
                </tr>
              ))}
            </Table>
          )}
          <div className="row no-print">
            {search.after !== undefined && <Link href={searchPath('/audit', { ...search, after: '' })}>{t(texts.first)}</Link>}
            {data.next !== null && <Link href={searchPath('/audit', { ...search, after: data.next })}>{t(texts.next)}</Link>}
          </div>
        </>
      ) : <Reading error={error} again={() => { void refetch(); }} />}
      <div className="no-print">
        <h3>{t(texts.takeAway)}</h3>
        <p className="muted">{t(texts.takeAwayText)}</p>
        <div className="row"><Download href={exported('csv')}>{t(texts.csv)}</Download><Download href={exported('jsonl')}>{t(texts.jsonl)}</Download></div>
      </div>
    </section>
  );
}

/** A case number leads to its alerts. It is asked in a body and kept nowhere. */
function CaseSearch() {
  const t = useSay();
  const [caseNumber, setCaseNumber] = useState('');
  const [missing, setMissing] = useState(false);
  const { data, error, mutate, isPending } = useMutation({ mutationFn: async () => (await ask<{ items: Alert[] }>('POST', '/v1/audit/cases', { body: { caseNumber } })).body });
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setMissing(caseNumber.trim() === '');
    if (caseNumber.trim() !== '') mutate();
  };
  return (
    <form className="card stack no-print" aria-label={t(texts.caseTitle)} onSubmit={send} noValidate>
      <h2>{t(texts.caseTitle)}</h2>
      <div className="row auditor-case">
        <Field label={t(texts.caseNumber)} hint={t(texts.caseHint)} value={caseNumber} onChange={setCaseNumber} error={missing ? t(texts.caseMissing) : undefined} autoComplete="off" maxLength={60} />
        <Button type="submit" isPending={isPending}>{t(texts.caseFind)}</Button>
      </div>
      {error !== null && <Notice tone="bad" polite>{t(texts.failed)}</Notice>}
      {data && (data.items.length === 0 ? <Notice polite>{t(texts.caseNone)}</Notice> : <Alerts label={t(texts.caseTitle)} items={data.items} />)}
    </form>
  );
}
