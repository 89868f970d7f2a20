import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { z } from 'zod';
import type { namesSchema } from '#apps/api/audit-schemas.js';
import { read, Refused } from '../api.js';
import { Button } from '../design/button.js';
import { Notice } from '../design/notice.js';
import { Table as DeskTable } from '../design/table.js';
import type { Names } from '../facts/sentences.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { texts } from './texts.js';

export type KnownNames = z.output<typeof namesSchema>;

const SECTIONS = [['/audit', texts.search], ['/audit/alerts', texts.alerts], ['/audit/airing', texts.airing], ['/audit/times', texts.times], ['/audit/proof', texts.proof]] as const;

/** A page of the auditor's desk with the way to the others. */
export function AuditPage({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const t = useSay();
  const [path] = useLocation();
  return (
    <Page title={title}>
      <nav className="auditor-sections" aria-label={t(texts.sections)}>
        {SECTIONS.map(([to, name]) => <Link key={to} href={to} {...(path === to && { 'aria-current': 'page' as const })}>{t(name)}</Link>)}
      </nav>
      {children}
    </Page>
  );
}

/** Who and what the facts speak of; ids stand for themselves until the names are there. */
export function useNames(): { readonly known: KnownNames | undefined; readonly names: Names } {
  const { data } = useQuery({ queryKey: ['/v1/audit/names'], queryFn: ({ signal }) => read<KnownNames>('/v1/audit/names', signal), staleTime: 300_000 });
  return useMemo(() => {
    const officers = new Map(data?.officers.map(({ id, displayName }) => [id, displayName]));
    const destinations = new Map(data?.destinations.map(({ id, name }) => [id, name]));
    return { known: data, names: { officer: (id) => officers.get(id), destination: (id) => destinations.get(id) } };
  }, [data]);
}

/** While something is read, and when it could not be. */
export function Reading({ error, again }: { readonly error: unknown; readonly again: () => void }) {
  const t = useSay();
  if (error === null || error === undefined) return <p role="status">{t(texts.loading)}</p>;
  const gone = error instanceof Refused && error.code === 'ALERT_MISSING';
  return (
    <Notice tone="bad" polite>
      <p>{t(gone ? texts.missingAlert : texts.failed)}</p>
      {!gone && <Button onPress={again}>{t(texts.again)}</Button>}
    </Notice>
  );
}

/** A table of the auditor's desk. */
export function Table(table: { readonly label: string; readonly head: readonly string[]; readonly children: ReactNode }) {
  return <DeskTable {...table} className="auditor-table" />;
}

/** A link to a file of the API. A plain one: the browser takes the file away, this page stays. */
export function Download({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return <a className="button plain" href={href} download>{children}</a>;
}

/** Pages of an answer, one after the other: those read so far, and how to read on. `cursor` names the parameter that carries `next`. */
export function usePages<Item>(path: string, cursor = 'cursor') {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [path], initialPageParam: '',
    queryFn: ({ signal, pageParam }) => read<{ readonly items: readonly Item[]; readonly next: string | null }>(
      pageParam === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${cursor}=${encodeURIComponent(pageParam)}`, signal),
    getNextPageParam: (last: { readonly next: string | null }) => last.next,
  });
  return {
    items: data?.pages.flatMap((page) => page.items), error, again: () => { void refetch(); },
    more: hasNextPage ? { isPending: isFetchingNextPage, onPress: () => { void fetchNextPage(); } } : undefined,
  };
}
