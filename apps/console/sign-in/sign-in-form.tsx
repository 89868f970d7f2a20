import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { PasskeyAbandoned, passkeysHere, provePasskey } from '../account/passkey.js';
import { ask, Refused, Unreachable } from '../api.js';
import { Button } from '../design/button.js';
import { Field } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useSay, type Wording } from '../language.js';
import { useSession, type Session } from '../session.js';
import { texts } from './texts.js';

/** Sign-in with a passkey alone, or with password and one-time code. `userName` is who was here before, when a session has ended in the middle of work. */
export function SignInForm({ userName: known = '' }: { readonly userName?: string }) {
  const t = useSay();
  const { signedIn } = useSession();
  const [userName, setUserName] = useState(known);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const signIn = useMutation({
    mutationFn: () => ask<Session>('POST', '/v1/session', { body: { userName, password, code } }),
    onSuccess: ({ body }) => { signedIn(body); },
    onError: () => { setCode(''); },
  });
  const byPasskey = useMutation({
    mutationFn: async () => ask<Session>('POST', '/v1/session/passkey', { body: await provePasskey('/v1/session/passkey/options') }),
    onSuccess: ({ body }) => { signedIn(body); },
  });
  const trouble = signIn.error ?? byPasskey.error;
  const busy = signIn.isPending || byPasskey.isPending;
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); if (!busy) { byPasskey.reset(); signIn.mutate(); } }}>
      <Field label={t(texts.userName)} value={userName} onChange={setUserName} autoComplete="username" isRequired autoFocus={known === ''} />
      <Field label={t(texts.password)} value={password} onChange={setPassword} type="password" autoComplete="current-password" isRequired autoFocus={known !== ''} />
      <Field label={t(texts.code)} hint={t(texts.codeHint)} value={code} onChange={setCode} inputMode="numeric" autoComplete="one-time-code" isRequired />
      <div role="alert">{trouble && <Notice tone="bad"><p>{t(wordsFor(trouble))}</p></Notice>}</div>
      <Button kind="primary" type="submit" isPending={signIn.isPending}>{t(texts.signIn)}</Button>
      {passkeysHere() && (
        <>
          <p className="divide">{t(texts.or)}</p>
          <Button isPending={byPasskey.isPending} onPress={() => { if (!busy) { signIn.reset(); byPasskey.mutate(); } }}>{t(texts.withPasskey)}</Button>
        </>
      )}
    </Form>
  );
}

function wordsFor(error: Error): Wording {
  if (error instanceof PasskeyAbandoned) return texts.abandoned;
  if (error instanceof Unreachable) return texts.unreachable;
  const known = texts.refused as Readonly<Record<string, Wording>>;
  return (error instanceof Refused && known[error.code]) || texts.unforeseen;
}
