import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { ShownDraft } from '#apps/api/draft-shown.js';
import type { Mode } from '#alerts/notice.js';
import { ask, read, Refused } from '../api.js';
import { useConnection } from '../connection.js';
import { Button } from '../design/button.js';
import { Notice } from '../design/notice.js';
import type { DeskProps } from '../desks.js';
import { useFormat, useSay } from '../language.js';
import { lazily } from '../lazily.js';
import { Page } from '../page.js';
import { useSession } from '../session.js';
import { FormProvider, type FormState } from './fields.js';
import { FaultSummary, HandIn } from './hand-in.js';
import { forget, keeperOf, useKept, type Keeper } from './keeper.js';
import { Clashes, KeepingLine, News } from './keeping.js';
import { PhotoPart } from './photo.js';
import { AreaPart, AssessmentPart, ChildPart, LastSeenPart, Part, StoryPart } from './sections.js';
import { texts } from './texts.js';

const PreviewPanel = lazily(
  () => import('./preview-panel.js'),
  function Waiting() { return <p role="status">{useSay()(texts.loading)}</p>; },
  function Missing() { return <Notice tone="warn" polite><p>{useSay()(texts.previewsUnloaded)}</p></Notice>; },
);

/** How often the page says that the draft is open here, and hears who else has it; in milliseconds. */
const GREET_MS = 10_000;

/** One draft: everything an alert is made of, on one page, saved as it is typed. */
export default function DraftDesk({ mode, params }: DeskProps) {
  const t = useSay();
  const path = `/v1/${mode}/drafts/${params['id'] ?? ''}`;
  const { data, error, refetch } = useQuery({ queryKey: [path, 'open'], queryFn: ({ signal }) => read<ShownDraft>(path, signal), staleTime: Infinity, gcTime: 0, refetchOnMount: 'always', refetchOnReconnect: false, refetchOnWindowFocus: false });
  if (data) return <Open key={data.id} mode={mode} draft={data} />;
  const back = <p><Link href={`/${mode}/drafts`}>{t(texts.back)}</Link></p>;
  if (!error) return <Page title={t(texts.title)}><p role="status">{t(texts.loading)}</p></Page>;
  const gone = error instanceof Refused && ['DRAFT_MISSING', 'ROUTE_MISSING', 'ALERT_ERASED'].includes(error.code);
  return <Page title={t(texts.title)}><Notice tone="warn" polite><p>{t(gone ? texts.keeping.gone : texts.unreachable)}</p></Notice>{!gone && <Button onPress={() => void refetch()}>{t(texts.goOn)}</Button>}{back}</Page>;
}

function Open({ mode, draft }: { readonly mode: Mode; readonly draft: ShownDraft }) {
  const { sessionLost } = useSession();
  const [keeper] = useState(() => keeperOf(mode, draft, sessionLost));
  return <Editor mode={mode} keeper={keeper} />;
}

function Editor({ mode, keeper }: { readonly mode: Mode; readonly keeper: Keeper }) {
  const t = useSay();
  const { dateTime } = useFormat();
  const { ended } = useSession();
  const { state } = useConnection();
  const { draft, writing, keeping } = useKept(keeper);
  const [tried, setTried] = useState(0);
  const [previewing, setPreviewing] = useState(false);
  useEffect(() => {
    void keeper.greet();
    const timer = setInterval(() => { if (document.visibilityState === 'visible') void keeper.greet(); }, GREET_MS);
    return () => {
      clearInterval(timer);
      // Leaving the page sends what was not sent; the keeper goes on trying without it.
      void keeper.flush();
    };
  }, [keeper]);
  useEffect(() => { if (!ended && state === 'reachable') keeper.resume(); }, [keeper, ended, state]);
  const form = useMemo((): FormState => ({ ...writing, write: (change) => { keeper.write(change); }, faults: draft.faults, tried: tried > 0 }), [writing, keeper, draft.faults, tried]);
  const name = writing.content.child?.name?.latin ?? '';
  return (
    <Page title={name === '' ? t(texts.newAlert) : name} aside={<KeepingLine keeper={keeper} />}>
      {draft.sentBack && <Notice tone="warn"><p>{t(texts.returnedBy(draft.sentBack.by.name, dateTime(draft.sentBack.at)))}</p><p><strong>{draft.sentBack.reason}</strong></p></Notice>}
      {keeping === 'gone' && <Rescue mode={mode} keeper={keeper} />}
      <News keeper={keeper} />
      <Clashes keeper={keeper} />
      {tried > 0 && <FaultSummary key={tried} faults={draft.faults} />}
      <FormProvider value={form}>
        <div className="author-form stack">
          <ChildPart />
          <Part title={t(texts.sections.photo)}><PhotoPart mode={mode} keeper={keeper} /></Part>
          <LastSeenPart />
          <StoryPart />
          <AssessmentPart />
          <AreaPart />
        </div>
      </FormProvider>
      <section className="stack" aria-label={t(texts.sections.previews)}>
        <div><Button aria-expanded={previewing} onPress={() => { setPreviewing(!previewing); }}>{t(previewing ? texts.hidePreviews : texts.showPreviews)}</Button></div>
        {previewing && <PreviewPanel mode={mode} content={writing.content} draft={draft.id} photo={draft.photo} />}
      </section>
      <HandIn mode={mode} keeper={keeper} onTried={() => { setTried((n) => n + 1); }} />
      <p><Link href={`/${mode}/drafts`}>{t(texts.back)}</Link></p>
    </Page>
  );
}

/** The draft is gone and its text is not: it can begin another one. */
function Rescue({ mode, keeper }: { readonly mode: Mode; readonly keeper: Keeper }) {
  const t = useSay();
  const [, navigate] = useLocation();
  const [failed, setFailed] = useState(false);
  const begin = async (): Promise<void> => {
    const { writing, draft } = keeper.snapshot();
    try {
      const { body } = await ask<ShownDraft>('POST', `/v1/${mode}/drafts`, { body: writing, once: `rescue-${draft.id}` });
      forget(mode, draft.id);
      navigate(`/${mode}/drafts/${body.id}`);
    } catch {
      setFailed(true);
    }
  };
  return (
    <Notice tone="bad" polite>
      <p>{t(texts.keeping.gone)}</p>
      <div className="row"><Button kind="primary" onPress={() => void begin()}>{t(texts.asNew)}</Button>{failed && <span>{t(texts.failed)}</span>}</div>
    </Notice>
  );
}
