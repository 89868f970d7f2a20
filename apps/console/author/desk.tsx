import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { z } from 'zod';
import type { DraftList, ShownDraft } from '#apps/api/draft-shown.js';
import type { alertSchema } from '#apps/api/alert-shown.js';
import type { AlertSummary, Page as ListPage } from '#storage/alert-views.js';
import type { Mode } from '#alerts/notice.js';
import { ask, read, Refused, Unreachable } from '../api.js';
import { Button, LinkButton } from '../design/button.js';
import { Badge, Notice } from '../design/notice.js';
import type { DeskProps } from '../desks.js';
import { useFormat, useSay, type Wording } from '../language.js';
import { Page } from '../page.js';
import { useSession } from '../session.js';
import { texts } from './texts.js';

/** What a new alert begins with: the usual duration, in sight in its field. */
const FIRST = { content: { validHours: 24 } };

type SentBack = DraftList['drafts'][number]['sentBack'];

/** The authors' desk: begin, go on with what is open, take up what was given back, update what is active. */
export default function AuthorDesk({ mode }: DeskProps) {
  const t = useSay();
  const { time } = useFormat();
  const handedIn = useSearch().includes('handed-in');
  const path = `/v1/${mode}/drafts`;
  const { data, error } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<DraftList>(path, signal), refetchInterval: 15_000 });
  const running = useQuery({ queryKey: [`/v1/${mode}/alerts`, 'active'], queryFn: ({ signal }) => read<ListPage<AlertSummary>>(`/v1/${mode}/alerts?status=active&limit=50`, signal), refetchInterval: 30_000 });
  const { begin, pending, wrong } = useBegin(mode);
  const updatable = running.data?.items.filter(({ proposal }) => proposal === null) ?? [];
  return (
    <Page title={t(texts.title)} count={data?.waiting.filter(({ status }) => status === 'returned').length ?? 0}
      aside={<Button kind="primary" big isPending={pending} onPress={() => void begin({})}>{t(texts.newAlert)}</Button>}>
      {handedIn && <Notice tone="ok" polite><p>{t(texts.handedIn)}</p></Notice>}
      <div role="alert">{wrong && <Notice tone="bad"><p>{t(wrong)}</p></Notice>}</div>
      {error && !data && <Notice tone="bad" polite><p>{t(texts.unreachable)}</p></Notice>}
      {!data && !error && <p role="status">{t(texts.loading)}</p>}
      {data && (
        <>
          <section className="stack" aria-labelledby="author-drafts">
            <h2 id="author-drafts">{t(texts.drafts)}</h2>
            {data.drafts.length === 0 && <p>{t(texts.noDrafts)}</p>}
            {data.drafts.map(({ id, caseNumber, name, savedBy, savedAt, others, sentBack, over }) => (
              <article key={id} className="card">
                <h3>{name.latin || name.cyrillic || t(texts.unnamed)} {caseNumber && <span className="muted">{caseNumber}</span>} {over && <Badge tone="warn">{t(sentBack ? texts.returned : texts.inDraft)}</Badge>}</h3>
                <p>{t(texts.savedBy(savedBy.name, time(savedAt)))}</p>
                {others.length > 0 && <p><strong>{t(texts.openNow(others.map((other) => other.name).join(', ')))}</strong></p>}
                <Reason of={sentBack} />
                <LinkButton href={`/${mode}/drafts/${id}`} aria-label={t(texts.goOnWith(name.latin || caseNumber || t(texts.unnamed)))}>{t(texts.goOn)}</LinkButton>
              </article>
            ))}
          </section>
          <section className="stack" aria-labelledby="author-waiting">
            <h2 id="author-waiting">{t(texts.waiting)}</h2>
            {data.waiting.length === 0 && <p>{t(texts.noWaiting)}</p>}
            {data.waiting.map(({ id, caseNumber, status, sentBack }) => (
              <article key={id} className="card">
                <h3>{caseNumber} <Badge tone="warn">{t(status === 'returned' ? texts.returned : texts.inDraft)}</Badge></h3>
                <Reason of={sentBack} />
                <Button isPending={pending} aria-label={t(texts.goOnWith(caseNumber))} onPress={() => void begin({ alertId: id })}>{t(texts.goOn)}</Button>
              </article>
            ))}
          </section>
        </>
      )}
      <section className="stack" aria-labelledby="author-active">
        <h2 id="author-active">{t(texts.active)}</h2>
        {running.data && updatable.length === 0 && <p>{t(texts.noActive)}</p>}
        {updatable.length > 0 && <div className="row">{updatable.map(({ id, caseNumber }) => <Button key={id} isPending={pending} onPress={() => void begin({ alertId: id, revise: true })}>{t(texts.update(caseNumber))}</Button>)}</div>}
      </section>
    </Page>
  );
}

function Reason({ of }: { readonly of: SentBack }) {
  const t = useSay();
  const { dateTime } = useFormat();
  return of && <Notice tone="warn"><p>{t(texts.returnedBy(of.by.name, dateTime(of.at)))}</p><p><strong>{of.reason}</strong></p></Notice>;
}

/** Begins a draft and goes to it; `revise` opens an update of an active alert first. */
function useBegin(mode: Mode) {
  const [, navigate] = useLocation();
  const { sessionLost } = useSession();
  const [pending, setPending] = useState(false);
  const [wrong, setWrong] = useState<Wording>();
  const begin = async ({ alertId, revise = false }: { readonly alertId?: string; readonly revise?: boolean }): Promise<void> => {
    setPending(true);
    setWrong(undefined);
    try {
      if (revise) await ask<z.output<typeof alertSchema>>('POST', `/v1/${mode}/alerts/${alertId!}/revise`);
      const { body } = await ask<ShownDraft>('POST', `/v1/${mode}/drafts`, { body: alertId === undefined ? FIRST : { alertId }, once: crypto.randomUUID() });
      navigate(`/${mode}/drafts/${body.id}`);
    } catch (error) {
      if (error instanceof Refused && error.code === 'SESSION_MISSING') sessionLost();
      setWrong(error instanceof Unreachable ? texts.unreachable : texts.failed);
    } finally {
      setPending(false);
    }
  };
  return { begin, pending, wrong };
}
