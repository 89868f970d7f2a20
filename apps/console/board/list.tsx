import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { AlertStatus } from '#alerts/alert.js';
import { read } from '../api.js';
import { Button } from '../design/button.js';
import type { DeskProps } from '../desks.js';
import { Badge, Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useEvents } from '../events.js';
import { STATUS_NAMES } from '../facts/words.js';
import { useFormat, useSay, type Wording } from '../language.js';
import { Page } from '../page.js';
import { texts } from './texts.js';

interface Summary {
  readonly id: string;
  readonly status: AlertStatus;
  readonly caseNumber: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly endedAt: string | null;
  readonly proposal: { readonly revision: number; readonly status: string } | null;
}

/** The alerts of a mode: what is active first, then what is being prepared, then what is over. */
export default function Alerts({ mode }: DeskProps) {
  const t = useSay();
  const queries = useQueryClient();
  const path = `/v1/${mode}/alerts`;
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [path], queryFn: ({ pageParam, signal }) => read<{ readonly items: readonly Summary[]; readonly next: string | null }>(`${path}?limit=50${pageParam === '' ? '' : `&cursor=${pageParam}`}`, signal),
    initialPageParam: '', getNextPageParam: ({ next }) => next, placeholderData: keepPreviousData, refetchInterval: 20_000, refetchIntervalInBackground: true,
  });
  const [news, setNews] = useState(0);
  useEvents(mode, ({ type }) => { if (type.startsWith('alert.') || type.startsWith('revision.')) setNews((n) => n + 1); });
  useEffect(() => {
    if (news === 0) return undefined;
    const calm = setTimeout(() => void queries.invalidateQueries({ queryKey: [path] }), 500);
    return () => { clearTimeout(calm); };
  }, [news, queries, path]);
  const all = data?.pages.flatMap(({ items }) => items) ?? [];
  const active = all.filter(({ status }) => status === 'active');
  return (
    <Page title={t(texts.listTitle)} count={active.length}>
      {error && <Notice tone="bad" polite><p>{t(texts.listFailed)}</p></Notice>}
      {!data && !error && <p role="status">{t(texts.loading)}</p>}
      {data && (
        <>
          <Group title={texts.running} alerts={active} mode={mode} />
          <Group title={texts.inHand} alerts={all.filter(({ status }) => status === 'prepared')} mode={mode} />
          <Group title={texts.over} alerts={all.filter(({ status }) => status !== 'active' && status !== 'prepared')} mode={mode} isOver />
          {hasNextPage && <p><Button isPending={isFetchingNextPage} onPress={() => void fetchNextPage()}>{t(texts.older)}</Button></p>}
        </>
      )}
    </Page>
  );
}

function Group({ title, alerts, mode, isOver = false }: { readonly title: Wording; readonly alerts: readonly Summary[]; readonly mode: string; readonly isOver?: boolean }) {
  const t = useSay();
  const { dateTime } = useFormat();
  return (
    <section className="card">
      <h2>{t(title)}</h2>
      {alerts.length === 0 ? <p className="muted">{t(texts.none)}</p> : (
        <Table label={t(title)} head={[t(texts.caseNumber), t(texts.status), t(texts.opened), t(isOver ? texts.endedAt : texts.until)]} className="board-list">
          {alerts.map(({ id, caseNumber, status, proposal, createdAt, expiresAt, endedAt }) => (
            <tr key={id}>
              <th scope="row"><Link href={`/${mode}/alerts/${id}`}>{caseNumber || t(texts.noCaseNumber)}</Link></th>
              <td><div className="row"><Badge tone={status === 'active' ? 'info' : undefined}>{t(STATUS_NAMES[status])}</Badge>{proposal && <span className="muted">{t(texts.proposal[proposal.status as keyof typeof texts.proposal])}</span>}</div></td>
              <td>{dateTime(createdAt)}</td>
              <td>{endedAt ?? expiresAt ? dateTime((endedAt ?? expiresAt)!) : '–'}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
