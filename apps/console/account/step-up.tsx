import { useMutation } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { Form } from 'react-aria-components';
import type { AuthenticationResponseJSON } from '@simplewebauthn/browser';
import type { StepUpPurpose } from '#identity/accounts.js';
import { Refused, Unreachable } from '../api.js';
import { Button, type ButtonKind } from '../design/button.js';
import { Field } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useSay, type Wording } from '../language.js';
import { useSession } from '../session.js';
import { PasskeyAbandoned, passkeysHere, provePasskey } from './passkey.js';
import { texts } from './step-up-texts.js';

/** A fresh proof of who asks, as the API takes it: these fields are spread into the body of the decision. */
export interface Proof {
  readonly code?: string;
  readonly passkey?: AuthenticationResponseJSON;
}

export interface StepUpProps {
  /** What is proved for: a passkey's proof is good for just this. */
  readonly purpose: StepUpPurpose;
  /** The decision, in the words of its button: `Approve for all of Serbia`. */
  readonly action: string;
  readonly kind?: ButtonKind;
  /** Sends the decision with the proof; what it throws is said here. Called once for each proof. */
  readonly decide: (proof: Proof) => Promise<unknown>;
  /** Words for refusals of the decision itself, by code. */
  readonly refused?: Readonly<Record<string, Wording>>;
  readonly isDisabled?: boolean;
  /** Beside the buttons: how to leave. */
  readonly children?: ReactNode;
}

/**
 * Has the officer prove anew who they are, and decides with that: by passkey first where they have one, by one-time code in any
 * case. Takes no focus by itself, so that what is to be decided is read first; an error is announced where it stands.
 */
export function StepUp({ purpose, action, kind = 'primary', decide, refused = {}, isDisabled = false, children }: StepUpProps) {
  const t = useSay();
  const { session } = useSession();
  const byPasskey = passkeysHere() && (session?.passkeys ?? 0) > 0;
  const [code, setCode] = useState('');
  const [byCode, setByCode] = useState(false);
  const step = useMutation({
    mutationFn: async (means: 'passkey' | 'code') => decide(means === 'code' ? { code } : { passkey: await provePasskey('/v1/session/step-up', purpose) }),
    // A code is good once, whatever became of it.
    onSettled: () => { setCode(''); },
  });
  const go = (means: 'passkey' | 'code'): void => { if (!step.isPending && !isDisabled) step.mutate(means); };
  const form = byCode || !byPasskey;
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); if (form) go('code'); }}>
      <p>{t(byPasskey && !byCode ? texts.passkeyFirst : texts.codeOnly)}</p>
      {form && <Field label={t(texts.code)} hint={t(texts.codeHint)} value={code} onChange={setCode} inputMode="numeric" autoComplete="one-time-code" isRequired isDisabled={isDisabled} />}
      <div role="alert">{step.error && <Notice tone="bad"><p>{t(wordsFor(step.error, refused))}</p></Notice>}</div>
      <div className="row">
        {form
          ? <Button kind={kind} type="submit" isPending={step.isPending} isDisabled={isDisabled}>{action}</Button>
          : <Button kind={kind} onPress={() => { go('passkey'); }} isPending={step.isPending} isDisabled={isDisabled}>{`${action} – ${t(texts.withPasskey)}`}</Button>}
        {byPasskey && <Button kind="quiet" onPress={() => { setByCode(!byCode); step.reset(); }}>{t(byCode ? texts.usePasskey : texts.useCode)}</Button>}
        {children}
      </div>
    </Form>
  );
}

function wordsFor(error: Error, refused: Readonly<Record<string, Wording>>): Wording {
  if (error instanceof PasskeyAbandoned) return texts.abandoned;
  if (error instanceof Unreachable) return texts.unreachable;
  const own = texts.refused as Readonly<Record<string, Wording>>;
  if (error instanceof Refused) return refused[error.code] ?? own[error.code] ?? texts.unforeseen(error.code);
  return texts.unforeseen('');
}
