import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { Mode } from '#alerts/notice.js';
import { Refused } from '../api.js';
import { useConnection } from '../connection.js';
import { Button } from '../design/button.js';
import { Badge, Notice } from '../design/notice.js';
import type { DeskProps } from '../desks.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { PreviewTabs } from '../previews/previews.js';
import { alertSource, useAlertPreviews } from '../previews/source.js';
import { texts as previewTexts } from '../previews/texts.js';
import { ApproveDialog, SendBackDialog } from './decision.js';
import { useReview, useReviews, type Alert, type Review } from './source.js';
import { Comparison, Photo, Reach, SentBack, Summary, Words } from './summary.js';
import { texts } from './texts.js';

/** A frozen revision, whole, and the decision about it. */
export default function ReviewDesk({ mode, params }: DeskProps) {
  const t = useSay();
  const id = params['id'] ?? '';
  const { data, error, isPending, refetch } = useReview(mode, id);
  const waiting = useReviews(mode).data?.items.length ?? 0;
  const page = (children: ReactNode) => <Page title={t(texts.queue)} count={waiting}>{children}<p><Link href={`/${mode}/reviews`}>{t(texts.toQueue)}</Link></p></Page>;
  if (isPending) return page(<p role="status">{t(texts.loading)}</p>);
  if (data === null) return page(<Notice polite><p>{t(texts.gone)}</p><p><Link href={`/${mode}/alerts/${id}`}>{t(texts.toAlert)}</Link></p></Notice>);
  if (data === undefined) {
    const missing = error instanceof Refused && ['ALERT_MISSING', 'ALERT_ERASED', 'ROUTE_MISSING'].includes(error.code);
    return page(<Notice tone="bad" polite><p>{t(missing ? texts.notFound : texts.noAnswer)}</p>{!missing && <Button onPress={() => void refetch()}>{t(texts.again)}</Button>}</Notice>);
  }
  return <Reviewed key={id} mode={mode} review={data.review} alert={data.alert} waiting={waiting} />;
}

type Open = 'approve' | 'return' | 'reject';

function Reviewed({ mode, review, alert, waiting }: { readonly mode: Mode; readonly review: Review; readonly alert: Alert; readonly waiting: number }) {
  const t = useSay();
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const { state } = useConnection();
  const { id, version, caseNumber, kind, refusal, comparisons } = review;
  const path = `/v1/${mode}/alerts/${id}`;
  const previews = useAlertPreviews(mode, id);
  // Words of another version than the one that is decided on are not shown beside it.
  const shown = previews.data?.version === version ? previews.data : undefined;
  const [open, setOpen] = useState<Open>();
  const [first, setFirst] = useState(version);
  const [changed, setChanged] = useState(false);
  useEffect(() => {
    if (version === first) return;
    setFirst(version);
    setChanged(true);
    // What was about to be decided is no longer what stands here.
    setOpen(undefined);
  }, [version, first]);
  const readAgain = (): void => {
    void queries.invalidateQueries({ queryKey: [`${path}/review`] });
    void queries.invalidateQueries({ queryKey: [`${path}/previews`] });
  };
  const onBack = useEffectEvent(readAgain);
  const lost = useRef(false);
  useEffect(() => {
    // What was decided while nobody answered is seen as soon as somebody does.
    if (lost.current && state === 'reachable') onBack();
    lost.current = state === 'unreachable';
  }, [state]);
  const reread = (): void => {
    setOpen(undefined);
    setChanged(true);
    readAgain();
  };
  const done = (): void => {
    const approved = open === 'approve';
    setOpen(undefined);
    void queries.invalidateQueries();
    navigate(approved ? `/${mode}/alerts/${id}` : `/${mode}/reviews`);
  };
  const dialog = { mode, review, onClose: () => { setOpen(undefined); }, onDone: done, onStale: reread };
  const offline = state === 'unreachable';
  const content = alert.proposal?.content;
  return (
    <Page title={t(texts.title(caseNumber))} count={waiting} aside={<><Badge tone="info">{t(texts.kinds[kind])}</Badge><a className="no-print" href="#approver-decision">{t(texts.toDecision)}</a><Link className="no-print" href={`/${mode}/reviews`}>{t(texts.toQueue)}</Link></>}>
      <div role="status">{changed && <Notice tone="warn"><p>{t(texts.changed)}</p><Button onPress={() => { setChanged(false); }}>{t(texts.seen)}</Button></Notice>}</div>
      {refusal !== null && <Notice tone="warn"><p>{t(texts.refusals[refusal])}</p></Notice>}
      <div className="approver-top"><Summary review={review} content={content} simplified={shown?.area.simplified} /><Photo path={path} version={version} content={content} /></div>
      {review.sentBack && <SentBack sentBack={review.sentBack} />}
      {comparisons.map((comparison) => <Comparison key={comparison.since} comparison={comparison} />)}
      {shown ? <Words words={shown.texts} /> : <p role="status">{t(texts.loading)}</p>}
      {shown && <section className="card" aria-labelledby="approver-previews"><h2 id="approver-previews">{t(previewTexts.title)}</h2><PreviewTabs previews={shown} source={alertSource(mode, id, version)} /></section>}
      <Reach reach={review.reach} />
      <section className="card no-print" id="approver-decision" aria-labelledby="approver-decision-title" tabIndex={-1}>
        <h2 id="approver-decision-title">{t(texts.decision)}</h2>
        {offline && <Notice tone="bad" polite><p>{t(texts.offline)}</p></Notice>}
        {refusal !== null && <p>{t(texts.refusals[refusal])}</p>}
        <div className="row">
          {refusal === null && <Button kind={mode === 'live' ? 'danger' : 'primary'} big isDisabled={offline || !shown} onPress={() => { setOpen('approve'); }}>{t(texts.approve)}</Button>}
          {(refusal === null || refusal === 'APPROVER_IS_WRITER') && (
            <>
              <Button isDisabled={offline} onPress={() => { setOpen('return'); }}>{t(texts.returnIt)}</Button>
              <Button isDisabled={offline} onPress={() => { setOpen('reject'); }}>{t(texts.reject)}</Button>
            </>
          )}
        </div>
      </section>
      {open === 'approve' && <ApproveDialog {...dialog} />}
      {(open === 'return' || open === 'reject') && <SendBackDialog how={open} {...dialog} />}
    </Page>
  );
}
