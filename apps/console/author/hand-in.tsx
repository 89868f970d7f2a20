import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Mode } from '#alerts/notice.js';
import { ask, Refused, Unreachable } from '../api.js';
import { useConnection } from '../connection.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { elementNear, ErrorSummary, Notice } from '../design/notice.js';
import { useSay, type Wording } from '../language.js';
import { useSession } from '../session.js';
import { faultText, nameOf } from './field-texts.js';
import { elementOf, type Fault } from './form.js';
import { forget, useKept, type Keeper } from './keeper.js';
import { texts } from './texts.js';

/** Every fault that stands in the way, once, each a link to its field. */
export function FaultSummary({ faults }: { readonly faults: readonly Fault[] }) {
  const t = useSay();
  const wrongs = faults.map((fault) => {
    const target = elementNear(fault.field, (path) => [elementOf(path), `${elementOf(path)}-kind`]);
    return { ...(target !== undefined && { target }), message: `${t(nameOf(fault.field))}: ${t(faultText(fault))}` };
  });
  return <ErrorSummary title={t(texts.open(wrongs.length))} wrongs={wrongs.filter(({ message }, i) => wrongs.findIndex((other) => other.message === message) === i)} />;
}

/** The end of the form: hand in, or discard. Neither waits for a connection to come back. */
export function HandIn({ mode, keeper, onTried }: { readonly mode: Mode; readonly keeper: Keeper; readonly onTried: () => void }) {
  const t = useSay();
  const [, navigate] = useLocation();
  const { sessionLost } = useSession();
  const { state } = useConnection();
  const { draft } = useKept(keeper);
  const [pending, setPending] = useState(false);
  const [wrong, setWrong] = useState<Wording>();
  const [asking, setAsking] = useState(false);
  const path = `/v1/${mode}/drafts/${draft.id}`;

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setPending(true);
    setWrong(undefined);
    try {
      await work();
    } catch (error) {
      if (error instanceof Refused && error.code === 'SESSION_MISSING') sessionLost();
      if (error instanceof Refused && ['DRAFT_STALE', 'ALERT_STALE'].includes(error.code)) await keeper.greet();
      setWrong(error instanceof Unreachable ? texts.notOffline : texts.failed);
    } finally {
      setPending(false);
    }
  };
  const handIn = (): Promise<void> => attempt(async () => {
    await keeper.flush();
    const { draft: saved, keeping } = keeper.snapshot();
    onTried();
    if (keeping !== 'saved') {
      setWrong(keeping === 'offline' ? texts.notOffline : texts.unsavedFirst);
      return;
    }
    if (saved.faults.length > 0) return;
    await ask('POST', `${path}/hand-in`, {
      body: { submit: true, ...(saved.overStale && saved.over && { over: saved.over.version }) }, ifMatch: String(saved.version),
      // The versions make it this hand-in: sent again after an answer that was lost, it has one effect. The draft's alone do not: a
      // draft of the same alert after a return counts from 1 again.
      once: `hand-in-${saved.id}-${saved.over?.version ?? 0}-${saved.version}`,
    });
    forget(mode, saved.id);
    navigate(`/${mode}/drafts?handed-in`);
  });
  const discard = (): Promise<void> => attempt(async () => {
    setAsking(false);
    await ask('DELETE', path, { ifMatch: String(keeper.snapshot().draft.version) });
    forget(mode, draft.id);
    navigate(`/${mode}/drafts`);
  });
  return (
    <section className="card stack" aria-label={t(texts.sections.handIn)}>
      <h2>{t(texts.sections.handIn)}</h2>
      <p role="status">{draft.faults.length === 0 ? t(texts.ready) : t(texts.open(draft.faults.length))}</p>
      {draft.overStale && <Notice tone="warn"><p>{t(texts.overStale)}</p></Notice>}
      <p>{t(texts.handInText)}</p>
      {draft.writers.length > 0 && <p className="muted">{t(texts.writers(draft.writers.map(({ name }) => name).join(', ')))}</p>}
      <div role="alert">{wrong ? <Notice tone="bad"><p>{t(wrong)}</p></Notice> : state === 'unreachable' && <Notice tone="warn"><p>{t(texts.notOffline)}</p></Notice>}</div>
      <div className="row">
        <Button kind="primary" big isPending={pending} onPress={() => void handIn()}>{t(texts.handIn)}</Button>
        <Button kind="quiet" isPending={pending} onPress={() => { setAsking(true); }}>{t(texts.discard)}</Button>
      </div>
      <Dialog title={t(texts.discardTitle)} isOpen={asking} role="alertdialog" onClose={() => { setAsking(false); }}>
        <p>{t(texts.discardText)}</p>
        <div className="actions"><Button onPress={() => { setAsking(false); }}>{t(texts.keep)}</Button><Button kind="danger" onPress={() => void discard()}>{t(texts.discard)}</Button></div>
      </Dialog>
    </section>
  );
}
