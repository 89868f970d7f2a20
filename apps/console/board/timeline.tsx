import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Mode } from '#alerts/notice.js';
import { read } from '../api.js';
import { Button } from '../design/button.js';
import { Check } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import type { FactHeard } from '../events.js';
import { tell, type Names } from '../facts/sentences.js';
import { useFormat, useSay } from '../language.js';
import { texts } from './texts.js';

interface FactPage {
  readonly items: readonly FactHeard[];
  readonly next: number | null;
}

const PAGE = 30;
/** News of a burst are read together, in milliseconds. */
const CALM_MS = 1_500;

/** What happened, in words, the newest first. */
export function Timeline({ mode, id, names, news }: { readonly mode: Mode; readonly id: string; readonly names: Names; readonly news: number }) {
  const t = useSay();
  const { dateTime, timeToSecond } = useFormat();
  const [everything, setEverything] = useState(false);
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = useInfiniteQuery({
    queryKey: [`/v1/${mode}/alerts/${id}/timeline`, everything],
    queryFn: ({ pageParam, signal }) => read<FactPage>(`/v1/${mode}/alerts/${id}/timeline?before=${pageParam}&limit=${PAGE}${everything ? '' : '&only=news'}`, signal),
    initialPageParam: Number.MAX_SAFE_INTEGER, getNextPageParam: ({ next }) => next, placeholderData: keepPreviousData,
  });
  useEffect(() => {
    if (news === 0) return undefined;
    const calm = setTimeout(() => void refetch(), CALM_MS);
    return () => { clearTimeout(calm); };
  }, [news, refetch]);
  const newest = Date.parse(data?.pages[0]?.items[0]?.at ?? '');
  // The time alone is enough for what is of one day.
  const isLong = (at: string): boolean => newest - Date.parse(at) > 20 * 3_600_000;
  const facts = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section className="card" aria-labelledby="board-timeline">
      <h2 id="board-timeline">{t(texts.timeline)}</h2>
      <div className="no-print"><Check label={t(texts.everything)} isSelected={everything} onChange={setEverything} /></div>
      {error && <Notice tone="warn"><p>{t(texts.timelineFailed)}</p></Notice>}
      <ol className="board-facts">
        {facts.map((fact) => <li key={fact.seq}><time dateTime={fact.at} title={dateTime(fact.at)}>{isLong(fact.at) ? dateTime(fact.at) : timeToSecond(fact.at)}</time><span>{t(tell(fact, names))}</span></li>)}
      </ol>
      {hasNextPage && <p className="no-print"><Button kind="quiet" isPending={isFetchingNextPage} onPress={() => void fetchNextPage()}>{t(texts.earlier)}</Button></p>}
    </section>
  );
}
