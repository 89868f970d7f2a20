import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { ask, Refused, Unreachable } from '../api.js';
import { Button } from '../design/button.js';
import { Field } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useSay, type Wording } from '../language.js';
import { useSession, type Session } from '../session.js';
import { texts } from './texts.js';

/** Sign-in with password and one-time code. `userName` is who was here before, when a session has ended in the middle of work. */
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
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); if (!signIn.isPending) signIn.mutate(); }}>
      <Field label={t(texts.userName)} value={userName} onChange={setUserName} autoComplete="username" isRequired autoFocus={known === ''} />
      <Field label={t(texts.password)} value={password} onChange={setPassword} type="password" autoComplete="current-password" isRequired autoFocus={known !== ''} />
      <Field label={t(texts.code)} hint={t(texts.codeHint)} value={code} onChange={setCode} inputMode="numeric" autoComplete="one-time-code" isRequired />
      <div role="alert">{signIn.error && <Notice tone="bad"><p>{t(wordsFor(signIn.error))}</p></Notice>}</div>
      <Button kind="primary" type="submit" isPending={signIn.isPending}>{t(texts.signIn)}</Button>
    </Form>
  );
}

function wordsFor(error: Error): Wording {
  if (error instanceof Unreachable) return texts.unreachable;
  const known = texts.refused as Readonly<Record<string, Wording>>;
  return (error instanceof Refused && known[error.code]) || texts.unforeseen;
}
