import { useState } from 'react';
import { Choice, Field } from '../design/fields.js';
import { useSay, type Wording } from '../language.js';
import { texts } from './texts.js';

/** A reason chosen from those that are usual, the first of them at once, or written. */
export interface Reason {
  readonly text: string;
  readonly choice: string;
  readonly choose: (choice: string) => void;
  readonly written: string;
  readonly write: (text: string) => void;
}

const OTHER = 'other';

/** The record is kept in one language, the one that the officer speaks here. */
export function useReason(usual: readonly Wording[]): Reason {
  const t = useSay();
  const [choice, choose] = useState('0');
  const [written, write] = useState('');
  return { text: choice === OTHER ? written.trim() : t(usual[Number(choice)]!), choice, choose, written, write };
}

export function ReasonFields({ reason, usual, isMissing }: { readonly reason: Reason; readonly usual: readonly Wording[]; readonly isMissing: boolean }) {
  const t = useSay();
  return (
    <div className="stack">
      <Choice label={t(texts.reason)} hint={t(texts.reasonHint)} value={reason.choice} onChange={reason.choose}
        options={[...usual.map((text, n) => ({ value: String(n), label: t(text) })), { value: OTHER, label: t(texts.otherReason) }]} />
      {reason.choice === OTHER && <Field label={t(texts.otherReasonText)} long value={reason.written} onChange={reason.write} maxLength={1_000} isRequired autoFocus error={isMissing ? t(texts.reasonMissing) : undefined} />}
    </div>
  );
}
