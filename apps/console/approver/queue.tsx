import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { Check } from '../design/fields.js';
import { Badge, Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import type { DeskProps } from '../desks.js';
import { useFormat, useSay } from '../language.js';
import { Page } from '../page.js';
import { chime, useSound } from './sound.js';
import { useReviews, type Waiting } from './source.js';
import { texts } from './texts.js';

/** What waits for an approver, whoever has waited longest first. */
export default function Queue({ mode }: DeskProps) {
  const t = useSay();
  const { time } = useFormat();
  const { data, isError, dataUpdatedAt, stream } = useReviews(mode);
  const [sound, setSound] = useSound();
  const items = data?.items ?? [];
  const arrived = useArrived(data?.items);
  const stale = data !== undefined && (isError || stream.state === 'lost');
  return (
    <Page title={t(texts.queue)} count={items.length} aside={<Check label={t(texts.sound)} isSelected={sound} onChange={setSound} />}>
      <div role="status">{arrived !== undefined && <Notice tone="warn"><p>{t(texts.arrived(arrived))}</p></Notice>}</div>
      {stale && <Notice tone="bad"><p>{t(texts.stale(time(dataUpdatedAt)))}</p></Notice>}
      {data === undefined && <p role="status">{t(isError ? texts.noAnswer : texts.loading)}</p>}
      {data !== undefined && items.length === 0 && <p>{t(texts.empty)}</p>}
      {items.length > 0 && (
        <div className="card">
          <Table label={t(texts.queue)} caption={t(texts.waitingCount(items.length))} head={[t(texts.caseNumber), t(texts.kind), t(texts.submittedBy), t(texts.waitingSince)]}>
            {items.map((item) => <Row key={`${item.id} ${item.version}`} item={item} mode={mode} />)}
          </Table>
        </div>
      )}
    </Page>
  );
}

function Row({ item, mode }: { readonly item: Waiting; readonly mode: DeskProps['mode'] }) {
  const t = useSay();
  const { dateTime, duration } = useFormat();
  const now = useNow();
  const { id, caseNumber, kind, submittedBy, waitingSince, isOwn } = item;
  return (
    <tr>
      <th scope="row"><Link className="approver-open" href={`/${mode}/reviews/${id}`} aria-label={t(texts.review(caseNumber))}>{caseNumber}</Link> {isOwn && <Badge tone="warn">{t(texts.own)}</Badge>}</th>
      <td>{t(texts.kinds[kind])}</td>
      <td>{submittedBy.displayName}</td>
      <td>{dateTime(waitingSince)} <span className="muted">({duration(Math.max(0, now - Date.parse(waitingSince)))})</span></td>
    </tr>
  );
}

/** The case number of what came last since the page was opened; it is heard once. */
function useArrived(items: readonly Waiting[] | undefined): string | undefined {
  const known = useRef<ReadonlySet<string>>(undefined);
  const [arrived, setArrived] = useState<string>();
  useEffect(() => {
    if (!items) return;
    const names = items.map(({ id, version }) => `${id} ${version}`);
    const before = known.current;
    known.current = new Set([...(before ?? []), ...names]);
    const fresh = before && items.findLast(({ id, version }) => !before.has(`${id} ${version}`));
    if (!fresh) return;
    setArrived(fresh.caseNumber);
    chime();
  }, [items]);
  return arrived;
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => { setNow(Date.now()); }, 5_000);
    return () => { clearInterval(timer); };
  }, []);
  return now;
}
