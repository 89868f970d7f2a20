import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { z } from 'zod';
import type { checkpointPageSchema, keysSchema, verdictSchema, verifierSchema } from '#apps/api/audit-schemas.js';
import type { BreakReason } from '#audit/verify.js';
import type { ReceiptBreak } from '#storage/receipt-check.js';
import { ask, read } from '../api.js';
import { Button } from '../design/button.js';
import { Field, Select } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useFormat, useLanguage, useSay } from '../language.js';
import { AuditPage, Download, Reading, Table, usePages } from './parts.js';
import { proofTexts as p } from './proof-texts.js';
import { apiPath, instantOf } from './search.js';
import { texts } from './texts.js';

type Checkpoint = z.output<typeof checkpointPageSchema>['items'][number];
type Found = z.output<typeof verdictSchema>;

/** Verify where it is kept, take it away, and verify it elsewhere. */
export default function Proof() {
  const t = useSay();
  return (
    <AuditPage title={t(texts.proof)}>
      <VerifyNow />
      <section className="card stack" aria-labelledby="auditor-all">
        <h2 id="auditor-all">{t(p.all)}</h2>
        <p>{t(p.allText)}</p>
        <div className="row"><Download href="/v1/audit/export.jsonl">{t(texts.jsonl)}</Download><Download href="/v1/audit/export.csv">{t(texts.csv)}</Download></div>
      </section>
      <PeriodReport />
      <Verifier />
      <Checkpoints />
      <Keys />
    </AuditPage>
  );
}

function VerifyNow() {
  const t = useSay();
  const { data, error, mutate, isPending } = useMutation({ mutationFn: async () => (await ask<Found>('POST', '/v1/audit/verify', { timeoutMs: 180_000 })).body });
  return (
    <section className="card stack" aria-labelledby="auditor-verify">
      <h2 id="auditor-verify">{t(p.verify)}</h2>
      <p>{t(p.verifyText)}</p>
      <div><Button kind="primary" isPending={isPending} onPress={() => { mutate(); }}>{t(p.verify)}</Button></div>
      {isPending && <p role="status">{t(p.verifying)}</p>}
      {error !== null && <Notice tone="bad" polite>{t(texts.failed)}</Notice>}
      {data && !isPending && <VerdictNotice found={data} />}
    </section>
  );
}

function VerdictNotice({ found: { ok, facts, checkpoints, coveredTo, broken, checkpointFaults, receipts } }: { readonly found: Found }) {
  const t = useSay();
  const { number } = useFormat();
  const place = ({ seq, to }: { readonly seq: number; readonly to?: number | undefined }): string => (to === undefined || to === seq ? number(seq) : `${number(seq)}–${number(to)}`);
  return (
    <Notice tone={ok ? 'ok' : 'bad'} polite>
      <h3>{t(ok ? p.good : p.bad)}</h3>
      <ul>
        <li>{t(broken ? p.chainUntil(number(facts)) : p.chain(number(facts)))}</li>
        {broken && <li><strong>{t(p.brokenAt(place(broken)))}</strong>{t(p.breaks[broken.reason as BreakReason])}</li>}
        <li>{t(p.covered(number(checkpoints), number(coveredTo)))}</li>
        {!broken && facts > coveredTo && <li>{t(p.uncovered(number(coveredTo + 1), number(facts)))}</li>}
        {checkpointFaults.map((fault) => <li key={`${fault.seq} ${fault.keyId}`}><strong>{t(p.checkpointFault)} {number(fault.seq)}</strong> ({fault.reason}, <span className="mono">{fault.keyId}</span>)</li>)}
        <li>{t(p.receipts(number(receipts.receipts)))} {receipts.undecided > 0 && t(p.undecided(number(receipts.undecided)))}</li>
        {receipts.broken && <li><strong>{t(p.brokenAt(number(receipts.broken.fact ?? receipts.broken.receipt ?? 0)))}</strong>{t(p.receiptBreaks[receipts.broken.reason as ReceiptBreak])}</li>}
      </ul>
      {!ok && <p>{t(p.whatNow)}</p>}
    </Notice>
  );
}

function PeriodReport() {
  const t = useSay();
  const { language } = useLanguage();
  const [mode, setMode] = useState<'drill' | 'live'>('live');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [wrong, setWrong] = useState<string>();
  const send = (event: FormEvent): void => {
    event.preventDefault();
    const [begins, ends] = [instantOf(from), instantOf(to)];
    const fault = begins === undefined || ends === undefined ? p.periodMissing : begins >= ends ? p.periodBackwards : undefined;
    setWrong(fault && t(fault));
    // A file: the page stays where it is.
    if (!fault) window.location.assign(apiPath('/v1/audit/report.pdf', { mode, from, to }, ['mode', 'from', 'to'], { language }));
  };
  return (
    <form className="card stack no-print" aria-label={t(p.period)} onSubmit={send} noValidate>
      <h2>{t(p.period)}</h2>
      <p>{t(p.periodText)}</p>
      <div className="pair">
        <Select label={t(texts.mode)} value={mode} onChange={setMode} options={[{ value: 'live', label: t(texts.modes.live) }, { value: 'drill', label: t(texts.modes.drill) }]} />
        <Field label={t(texts.from)} hint={t(texts.timeHint)} type="datetime-local" value={from} onChange={setFrom} />
        <Field label={t(texts.to)} hint={t(texts.timeHint)} type="datetime-local" value={to} onChange={setTo} error={wrong} />
      </div>
      <div><Button type="submit">{t(p.makeReport)}</Button></div>
    </form>
  );
}

function Verifier() {
  const t = useSay();
  const { number } = useFormat();
  const path = '/v1/audit/verifier';
  const { data, error, refetch } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<z.output<typeof verifierSchema>>(path, signal) });
  return (
    <section className="card stack" aria-labelledby="auditor-verifier">
      <h2 id="auditor-verifier">{t(p.verifier)}</h2>
      <p>{t(p.verifierText)}</p>
      {data ? (
        <>
          <div><Download href={`${path}/${data.name}`}>{t(p.download)}</Download></div>
          <p>{t(p.bytes)}: {number(Math.round(data.bytes / 1_000))} kB</p>
          <ol>
            <li>{t(p.steps[0])} <code className="auditor-hash">{data.sha256}</code></li>
            <li>{t(p.steps[1])} <code>node {data.name} findme-audit-….jsonl --keys keys.json</code></li>
            <li>{t(p.steps[2])} <code>node {data.name} findme-audit-selection-….jsonl --whole findme-audit-….jsonl --keys keys.json</code></li>
          </ol>
          <p>{t(p.verdictWord)}</p>
        </>
      ) : <Reading error={error} again={() => { void refetch(); }} />}
    </section>
  );
}

function Checkpoints() {
  const t = useSay();
  const format = useFormat();
  const { items, error, again, more } = usePages<Checkpoint>('/v1/audit/checkpoints?limit=50', 'after');
  return (
    <section className="card stack" aria-labelledby="auditor-checkpoints">
      <h2 id="auditor-checkpoints">{t(p.checkpoints)}</h2>
      <p>{t(p.checkpointsText)}</p>
      {!items ? <Reading error={error} again={again} /> : items.length === 0 ? <p>{t(p.noCheckpoints)}</p> : (
        <Table label={t(p.checkpoints)} head={[texts.place, p.signed, p.hash, p.key].map(t)}>
          {items.map((one) => (
            <tr key={one.seq}>
              <td className="auditor-number">{format.number(one.seq)}</td>
              <td className="auditor-time"><time dateTime={one.at}>{format.date(one.at)} {format.timeToSecond(one.at)}</time></td>
              <td className="mono auditor-hash">{one.hash}</td><td className="mono">{one.keyId}</td>
            </tr>
          ))}
        </Table>
      )}
      {more && <div className="no-print"><Button {...more}>{t(texts.more)}</Button></div>}
    </section>
  );
}

function Keys() {
  const t = useSay();
  const path = '/v1/audit/keys';
  const { data, error, refetch } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<z.output<typeof keysSchema>>(path, signal) });
  return (
    <section className="card stack" aria-labelledby="auditor-keys">
      <h2 id="auditor-keys">{t(p.keys)}</h2>
      <p>{t(p.keysText)}</p>
      {data ? data.keys.map(({ keyId, publicKey }) => <div key={keyId}><p>{t(p.key)} <span className="mono">{keyId}</span></p><pre>{publicKey.trim()}</pre></div>) : <Reading error={error} again={() => { void refetch(); }} />}
      <div><a className="button plain no-print" href={path} download="keys.json">{t(p.keysFile)}</a></div>
    </section>
  );
}
