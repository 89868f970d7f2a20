import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Endings } from '#apps/api/alert-decisions.controller.js';
import type { Mode } from '#alerts/notice.js';
import { read } from '../api.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Notice } from '../design/notice.js';
import { useLanguage, useSay, type Language } from '../language.js';
import { useDecision } from './decision.js';
import { ReasonFields, useReason } from './reason.js';
import { texts } from './texts.js';

type How = 'found' | 'withdraw';

/** Ending an alert in two actions: one shows what will be sent, the other sends it. */
export function End({ mode, id, holders, onDone }: { readonly mode: Mode; readonly id: string; readonly holders: number; readonly onDone: () => void }) {
  const t = useSay();
  const [how, setHow] = useState<How>();
  const path = `/v1/${mode}/alerts/${id}`;
  // Read before anybody asks for it: in an emergency it is there.
  const { data } = useQuery({ queryKey: [`${path}/endings`], queryFn: ({ signal }) => read<Endings>(`${path}/endings`, signal), staleTime: 60_000 });
  return (
    <>
      <div className="board-end">
        <Button kind="danger" big onPress={() => { setHow('found'); }}>{t(texts.found)}…</Button>
        <Button kind="danger" big onPress={() => { setHow('withdraw'); }}>{t(texts.withdraw)}…</Button>
      </div>
      {how && <Ending key={how} how={how} path={path} holders={holders} endings={data} onClose={() => { setHow(undefined); }} onDone={onDone} />}
    </>
  );
}

function Ending({ how, path, holders, endings, onClose, onDone }: {
  readonly how: How; readonly path: string; readonly holders: number; readonly endings: Endings | undefined; readonly onClose: () => void; readonly onDone: () => void;
}) {
  const t = useSay();
  const { names } = useLanguage();
  const usual = texts.reasons[how];
  const reason = useReason(usual);
  const [tried, setTried] = useState(false);
  const done = (): void => {
    onClose();
    onDone();
  };
  const { decide, isPending, trouble } = useDecision(`${path}/${how}`, { reason: reason.text }, { onDone: done, refusals: { TRANSITION_NOT_ALLOWED: texts.overAlready } });
  const words = endings?.[how === 'found' ? 'found' : 'withdrawn'];
  const confirm = (): void => {
    setTried(true);
    if (reason.text !== '') decide();
  };
  return (
    <Dialog title={t(how === 'found' ? texts.found : texts.withdraw)} isOpen onClose={onClose} role="alertdialog">
      <div className="stack">
        <p><b>{t(texts.goesTo(holders))}</b> {t(texts.cannotUndo)}</p>
        <div className="board-confirm">
          <div role="alert">{trouble && <Notice tone="bad"><p>{t(trouble)}</p></Notice>}</div>
          <div className="row">
            <Button kind="danger" big isPending={isPending} onPress={confirm}>{t(isPending ? texts.sending : how === 'found' ? texts.confirmFound : texts.confirmWithdraw)}</Button>
            <Button onPress={onClose}>{t(texts.notNow)}</Button>
          </div>
        </div>
        <section aria-label={t(texts.asSent)}>
          <h3>{t(texts.asSent)}</h3>
          {!words && <p role="status">{t(texts.textsLoading)}</p>}
          {words && (Object.keys(words) as Language[]).map((language) => (
            <figure key={language} className="board-words-sent" lang={language}>
              <figcaption>{names[language]}</figcaption>
              <p><b>{words[language].headline}</b></p>
              <p className="board-lines">{words[language].full}</p>
              <p className="board-lines muted">{words[language].short}</p>
            </figure>
          ))}
        </section>
        <ReasonFields reason={reason} usual={usual} isMissing={tried && reason.text === ''} />
      </div>
    </Dialog>
  );
}
