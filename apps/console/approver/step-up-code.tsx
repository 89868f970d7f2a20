import { Field } from '../design/fields.js';
import { useSay } from '../language.js';
import { texts } from './texts.js';

/** The proof, fresh at this moment, that the approver is who is signed in. */
export function StepUpCode({ value, onChange, error }: { readonly value: string; readonly onChange: (code: string) => void; readonly error?: string }) {
  const t = useSay();
  return <Field label={t(texts.code)} hint={t(texts.codeHint)} error={error} value={value} onChange={onChange} autoFocus inputMode="numeric" autoComplete="one-time-code" maxLength={20} />;
}
