import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearch } from 'wouter';
import { read } from '../api.js';
import { useSay } from '../language.js';
import { Alerts, type Alert } from './alert-table.js';
import { Filters } from './filters.js';
import { AuditPage, Reading } from './parts.js';
import { apiPath, readSearch, searchPath } from './search.js';
import { texts } from './texts.js';

/** Alerts of both modes with their key times, newest first. */
export default function AlertList() {
  const t = useSay();
  const query = useSearch();
  const search = readSearch(query);
  const [, navigate] = useLocation();
  const path = apiPath('/v1/audit/alerts', search, ['mode', 'status', 'from', 'to'], { limit: '50', ...(search.after !== undefined && { cursor: search.after }) });
  const { data, error, refetch } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<{ items: Alert[]; next: string | null }>(path, signal) });
  return (
    <AuditPage title={t(texts.alerts)}>
      <Filters key={query} search={search} fields={['mode', 'status', 'from', 'to']} known={undefined} onSearch={(asked) => { navigate(searchPath('/audit/alerts', asked)); }} />
      <section className="card stack" aria-label={t(texts.alerts)}>
        {data ? (
          <>
            {data.items.length === 0 ? <p role="status">{t(texts.nothing)}</p> : <Alerts label={t(texts.alerts)} items={data.items} />}
            <div className="row no-print">
              {search.after !== undefined && <Link href={searchPath('/audit/alerts', { ...search, after: '' })}>{t(texts.first)}</Link>}
              {data.next !== null && <Link href={searchPath('/audit/alerts', { ...search, after: data.next })}>{t(texts.next)}</Link>}
            </div>
          </>
        ) : <Reading error={error} again={() => { void refetch(); }} />}
      </section>
    </AuditPage>
  );
}
