import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { EnrolmentOffer } from '#apps/api/officers.controller.js';
import { QrCode } from '../account/qr-code.js';
import { wordsFor } from '../account/refusals.js';
import { ask, Refused } from '../api.js';
import { Button, LinkButton } from '../design/button.js';
import { Field } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { texts } from './texts.js';

interface Code {
  readonly proposerHalf: string;
  readonly confirmerHalf: string;
}

/** How a new officer, or one whose sign-in was reset, sets a password and second factor of their own. */
export default function Enrolment() {
  const t = useSay();
  const [code, setCode] = useState<Code>();
  const [offer, setOffer] = useState<EnrolmentOffer>();
  const [done, setDone] = useState(false);
  return (
    <Page title={t(texts.title)}>
      <div className="card narrow stack">
        {done ? (
          <><div role="status"><Notice tone="ok"><p>{t(texts.done)}</p></Notice></div><LinkButton kind="primary" href="/">{t(texts.toSignIn)}</LinkButton></>
        ) : code && offer ? <Factors code={code} offer={offer} onDone={() => { setDone(true); }} /> : (
          <Halves onOffer={(given, made) => { setCode(given); setOffer(made); }} />
        )}
      </div>
    </Page>
  );
}

function Halves({ onOffer }: { readonly onOffer: (code: Code, offer: EnrolmentOffer) => void }) {
  const t = useSay();
  const [code, setCode] = useState<Code>({ proposerHalf: '', confirmerHalf: '' });
  const begin = useMutation({ mutationFn: () => ask<EnrolmentOffer>('POST', '/v1/enrolment/begin', { body: code }), onSuccess: ({ body }) => { onOffer(code, body); } });
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); if (!begin.isPending) begin.mutate(); }}>
      <p>{t(texts.intro)}</p>
      {(['proposerHalf', 'confirmerHalf'] as const).map((half) => (
        <Field key={half} label={t(texts[half])} hint={t(texts.halfHint)} value={code[half]} onChange={(value) => { setCode({ ...code, [half]: value }); }} autoComplete="off" spellCheck="false" isRequired />
      ))}
      <div role="alert">{begin.error && <Notice tone="bad"><p>{t(wordsFor(begin.error, texts.refused))}</p></Notice>}</div>
      <div><Button kind="primary" type="submit" isPending={begin.isPending}>{t(texts.next)}</Button></div>
    </Form>
  );
}

function Factors({ code, offer, onDone }: { readonly code: Code; readonly offer: EnrolmentOffer; readonly onDone: () => void }) {
  const t = useSay();
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [totpCode, setTotpCode] = useState('');
  const [differ, setDiffer] = useState(false);
  const finish = useMutation({ mutationFn: () => ask('POST', '/v1/enrolment/complete', { body: { ...code, password, totpCode } }), onSuccess: onDone });
  const wrong = finish.error instanceof Refused ? finish.error.code : undefined;
  const submit = (): void => {
    setDiffer(password !== again);
    if (password === again && !finish.isPending) finish.mutate();
  };
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <div role="status"><p>{t(texts.welcome(offer.displayName))} {t(texts.userName)}: <strong>{offer.userName}</strong></p></div>
      <h2>{t(texts.factor)}</h2>
      <p>{t(texts.factorText)}</p>
      <QrCode text={offer.otpauthUri} label={t(texts.qr)} />
      <p>{t(texts.secret)}: <span className="secret">{offer.totpSecret.replace(/(.{4})(?=.)/g, '$1 ')}</span></p>
      <Field label={t(texts.code)} hint={t(texts.codeHint)} value={totpCode} onChange={setTotpCode} inputMode="numeric" autoComplete="one-time-code" isRequired
        error={wrong === 'CODE_WRONG' ? t(texts.refused.CODE_WRONG) : undefined} />
      <Field label={t(texts.password)} hint={t(texts.passwordHint)} value={password} onChange={setPassword} type="password" autoComplete="new-password" isRequired
        error={wrong === 'PASSWORD_WEAK' ? t(texts.refused.PASSWORD_WEAK) : undefined} />
      <Field label={t(texts.again)} value={again} onChange={setAgain} type="password" autoComplete="new-password" isRequired error={differ ? t(texts.notSame) : undefined} />
      <div role="alert">{finish.error && <Notice tone="bad"><p>{t(wordsFor(finish.error, texts.refused))}</p></Notice>}</div>
      <div><Button kind="primary" type="submit" isPending={finish.isPending}>{t(texts.finish)}</Button></div>
    </Form>
  );
}
