import { useState } from 'react';
import type { ShownBoard } from '#apps/api/board.controller.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import type { Names } from '../facts/sentences.js';
import { channelName, KIND_NAMES, reasonName, STANDING_NAMES } from '../facts/words.js';
import { useSay } from '../language.js';
import { useMay } from '../session.js';
import { useDecision } from './decision.js';
import { ReasonFields, useReason } from './reason.js';
import { texts } from './texts.js';

type Letter = ShownBoard['deadLetters']['items'][number];
const isEnding = ({ kind }: Letter): boolean => kind !== 'alert' && kind !== 'update';

type Verdict = 'retry' | 'close';

/** Deliveries that wait for a person, with the two things that a person can do. */
export function DeadLetters({ letters, names, onDone }: { readonly letters: ShownBoard['deadLetters']; readonly names: Names; readonly onDone: () => void }) {
  const t = useSay();
  const may = useMay();
  const [open, setOpen] = useState<{ readonly letter: Letter; readonly verdict: Verdict }>();
  const { total } = letters;
  // An ending comes first: somebody is still showing a child who is found.
  const items = [...letters.items].sort((a, b) => Number(isEnding(b)) - Number(isEnding(a)));
  const nameOf = ({ destination }: Letter): string => names.destination(destination) ?? destination;
  return (
    <>
      {total > 0 && (
        <section className="card board-letters" aria-labelledby="board-letters">
          <h2 id="board-letters"><span aria-hidden="true">▲ </span>{t(texts.lettersTitle(total))}</h2>
          {items.some(({ state }) => state === 'uncertain') && <p>{t(texts.uncertainMeans)}</p>}
          <Table labelledBy="board-letters" head={[t(texts.partner), t(texts.message), t(texts.standing), t(texts.why), ...(may('delivery.settle') ? [<span className="visually-hidden">{t(texts.details)}</span>] : [])]}>
            {items.map((letter) => (
              <tr key={letter.id}>
                <th scope="row">{nameOf(letter)} <span className="board-note">{t(channelName(letter.channel))}{letter.part > 0 && ` · ${letter.part + 1}`}</span></th>
                <td>{t(KIND_NAMES[letter.kind as keyof typeof KIND_NAMES])} ({letter.revision})</td>
                <td>{t(STANDING_NAMES[letter.state === 'uncertain' ? 'uncertain' : 'failed'])}</td>
                <td>{letter.reason && t(reasonName(letter.reason))} <span className="board-note">{t(texts.attempts(letter.attempts))}</span></td>
                {may('delivery.settle') && (
                  <td className="no-print"><div className="row">
                    <Button aria-label={t(texts.retryTitle(nameOf(letter)))} onPress={() => { setOpen({ letter, verdict: 'retry' }); }}>{t(texts.retry)}…</Button>
                    <Button aria-label={t(texts.closeTitle(nameOf(letter)))} onPress={() => { setOpen({ letter, verdict: 'close' }); }}>{t(texts.close)}…</Button>
                  </div></td>
                )}
              </tr>
            ))}
          </Table>
          {total > items.length && <p className="muted">{t(texts.lettersMore(items.length))}</p>}
        </section>
      )}
      {open && <Settle key={`${open.letter.id} ${open.verdict}`} {...open} name={nameOf(open.letter)} onClose={() => { setOpen(undefined); }} onDone={onDone} />}
    </>
  );
}

function Settle({ letter, verdict, name, onClose, onDone }: { readonly letter: Letter; readonly verdict: Verdict; readonly name: string; readonly onClose: () => void; readonly onDone: () => void }) {
  const t = useSay();
  const usual = texts.letterReasons[verdict];
  const reason = useReason(usual);
  const [tried, setTried] = useState(false);
  const done = (): void => {
    onClose();
    onDone();
  };
  const { decide, isPending, trouble } = useDecision(`/v1/deliveries/${letter.id}/${verdict}`, { reason: reason.text }, { onDone: done, refusals: { DELIVERY_NOT_DEAD: texts.settledElsewhere } });
  return (
    <Dialog title={t(verdict === 'retry' ? texts.retryTitle(name) : texts.closeTitle(name))} isOpen onClose={onClose}>
      <div className="stack">
        {letter.state === 'uncertain' && verdict === 'retry' && <p>{t(texts.uncertainMeans)}</p>}
        <ReasonFields reason={reason} usual={usual} isMissing={tried && reason.text === ''} />
        <div role="alert">{trouble && <Notice tone="bad"><p>{t(trouble)}</p></Notice>}</div>
        <div className="row">
          <Button kind="primary" isPending={isPending} onPress={() => { setTried(true); if (reason.text !== '') decide(); }}>{t(isPending ? texts.sending : verdict === 'retry' ? texts.retry : texts.close)}</Button>
          <Button onPress={onClose}>{t(texts.notNow)}</Button>
        </div>
      </div>
    </Dialog>
  );
}
