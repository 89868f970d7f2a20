import { useMutation } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { Mode } from '#alerts/notice.js';
import { StepUp, type Proof } from '../account/step-up.js';
import { ask, Refused } from '../api.js';
import { useConnection } from '../connection.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Field } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useFormat, useSay, type Wording } from '../language.js';
import { channelName } from '../facts/words.js';
import { useWorld } from '../world.js';
import type { Review } from './source.js';
import { Fact, Facts, peopleOf } from './summary.js';
import { texts } from './texts.js';

interface DecisionProps {
  readonly mode: Mode;
  readonly review: Review;
  readonly onClose: () => void;
  /** It is decided. */
  readonly onDone: () => void;
  /** What was to be decided is no more, or another: it must be read again. */
  readonly onStale: () => void;
}

/** Names all that goes out, asks for a fresh proof of who approves, and sends one approval. */
export function ApproveDialog({ mode, review, onClose, onDone, onStale }: DecisionProps) {
  const t = useSay();
  const world = useWorld();
  const { number } = useFormat();
  const [once] = useState(() => crypto.randomUUID());
  const isOffline = useConnection().state === 'unreachable';
  const { id, version, caseNumber, kind, revision, area, validHours, reach, contentHash } = review;
  const all = reach.channels.flatMap(({ destinations }) => destinations);
  const decide = async (proof: Proof): Promise<void> => {
    try {
      // However often it is pressed, the key is the same and so is the effect.
      await ask('POST', `/v1/${mode}/alerts/${id}/approve`, { body: { contentHash, ...proof }, ifMatch: `"${version}"`, once });
      onDone();
    } catch (error) {
      if (!isStale(error)) throw error;
      onStale();
    }
  };
  return (
    <Dialog title={t(texts.approveTitle[mode])} isOpen onClose={onClose} role="alertdialog">
      {world && <p className={`approver-world ${mode}`}>{t(world.name)}: {t(texts.approveWarning[mode])}</p>}
      <Facts>
        <Fact name={t(texts.caseNumber)}><strong>{caseNumber}</strong></Fact>
        <Fact name={t(texts.kind)}>{t(texts.revision(revision, texts.kinds[kind]))}</Fact>
        <Fact name={t(texts.area)}>{t(area)}</Fact>
        <Fact name={t(texts.validFor)}>{t(texts.hours(validHours))}</Fact>
        <Fact name={t(texts.channels)}>{t(texts.channelsLine(reach.channels.length, joined(reach.channels.map(({ channel }) => channelName(channel)))))}</Fact>
        <Fact name={t(texts.destinations)}>{number(reach.destinations)}</Fact>
        <Fact name={t(texts.people)}>{t(peopleOf(all, number))}</Fact>
        <Fact name={t(texts.hash)}><code>{contentHash?.slice(0, 12)}</code></Fact>
      </Facts>
      <Offline isOffline={isOffline} />
      <StepUp
        purpose={{ for: 'approve', alert: id, contentHash: contentHash ?? '' }} action={t(texts.approveNow[mode])} kind={mode === 'live' ? 'danger' : 'primary'} decide={decide}
        refused={texts.refusals} isDisabled={isOffline || contentHash === null}
      >
        <Button onPress={onClose}>{t(texts.cancel)}</Button>
      </StepUp>
    </Dialog>
  );
}

/** Gives a revision back, or refuses it for good; never without a reason. */
export function SendBackDialog({ how, mode, review, onClose, onDone, onStale }: DecisionProps & { readonly how: 'return' | 'reject' }) {
  const t = useSay();
  const [reason, setReason] = useState('');
  const { decide, error, isPending, isOffline } = useDecision(how, { mode, review, onDone, onStale });
  const atReason = error?.field === 'reason';
  const isReturn = how === 'return';
  return (
    <Dialog title={t(isReturn ? texts.returnTitle : texts.rejectTitle)} isOpen onClose={onClose} role="alertdialog">
      <p>{t(isReturn ? texts.returnText : texts.rejectText)}</p>
      <form onSubmit={(event) => { event.preventDefault(); if (!isPending && !isOffline) decide({ reason }); }}>
        <Field label={t(texts.reason)} long autoFocus value={reason} onChange={setReason} maxLength={1_000} error={atReason ? t(error.words) : undefined} />
        {error && !atReason && <Notice tone="bad" polite><p>{t(error.words)}</p></Notice>}
        <Offline isOffline={isOffline} />
        <div className="actions">
          <Button type="submit" kind={isReturn ? 'primary' : 'danger'} isPending={isPending} isDisabled={isOffline}>{t(isReturn ? texts.returnNow : texts.rejectNow)}</Button>
          <Button onPress={onClose} isDisabled={isPending}>{t(texts.cancel)}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Offline({ isOffline }: { readonly isOffline: boolean }): ReactNode {
  const t = useSay();
  return isOffline ? <Notice tone="bad" polite><p>{t(texts.offline)}</p></Notice> : null;
}

interface Trouble {
  readonly field?: 'reason';
  readonly words: Wording;
}

/** Sends one decision about the version that was read. */
function useDecision(verb: 'return' | 'reject', { mode, review, onDone, onStale }: Omit<DecisionProps, 'onClose'>) {
  const { state } = useConnection();
  const [error, setError] = useState<Trouble>();
  const { mutate, isPending } = useMutation({
    mutationFn: (body: object) => ask('POST', `/v1/${mode}/alerts/${review.id}/${verb}`, { body, ifMatch: `"${review.version}"` }),
    onMutate: () => { setError(undefined); },
    onSuccess: onDone,
    onError: (failure) => {
      if (isStale(failure)) onStale();
      else setError(troubleOf(failure));
    },
  });
  return { decide: mutate, error, isPending, isOffline: state === 'unreachable' };
}

/** Whether what was to be decided is no longer what stands there. */
const isStale = (failure: unknown): boolean =>
  failure instanceof Refused && ['ALERT_STALE', 'APPROVAL_STALE_HASH', 'TRANSITION_NOT_ALLOWED', 'REVISION_MISSING', 'ALERT_ERASED'].includes(failure.code);

function troubleOf(failure: Error): Trouble {
  if (!(failure instanceof Refused)) return { words: texts.uncertain };
  const { code } = failure;
  if (code === 'REASON_MISSING') return { field: 'reason', words: texts.reasonMissing };
  return { words: code === 'ROLE_MISSING' ? texts.refusals[code] : texts.refused(code) };
}

const joined = (names: readonly Wording[]): Wording => ({
  'sr-Latn': names.map((name) => name['sr-Latn']).join(', '), 'sr-Cyrl': names.map((name) => name['sr-Cyrl']).join(', '), en: names.map((name) => name.en).join(', '),
});
