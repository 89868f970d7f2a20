import { useLocation, useSearch } from 'wouter';
import { useSay } from '../language.js';
import { Compliance } from './compliance.js';
import { Filters } from './filters.js';
import { AuditPage } from './parts.js';
import { readSearch, searchPath } from './search.js';
import { texts } from './texts.js';

/** How broadcasters kept the rulebook, over all alerts. */
export default function Airing() {
  const t = useSay();
  const query = useSearch();
  const search = readSearch(query);
  const [, navigate] = useLocation();
  const asked = { mode: 'drill', ...search };
  return (
    <AuditPage title={t(texts.airing)}>
      <Filters key={query} search={search} fields={['mode', 'from', 'to']} known={undefined} onSearch={(next) => { navigate(searchPath('/audit/airing', next)); }} />
      <section className="card stack" aria-labelledby="auditor-kept"><h2 id="auditor-kept">{t(texts.kept)}</h2><Compliance search={asked} /></section>
    </AuditPage>
  );
}
