import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { ChangeAnswer, ChangeShown } from '#apps/api/changes.controller.js';
import { wordsFor } from '../account/refusals.js';
import { StepUp, type Proof } from '../account/step-up.js';
import { ask, read } from '../api.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Field } from '../design/fields.js';
import { Badge, Notice, type Tone } from '../design/notice.js';
import { Table } from '../design/table.js';
import { changeKindName } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { useMay, useSession } from '../session.js';
import { changeRows, documentRows } from './change-words.js';
import { useDestinations } from './destinations.js';
import { DestinationDifference } from './difference.js';
import { partnerTexts } from './partner-texts.js';
import { useRoster } from './roster.js';
import { useProposalDesk } from './proposal.js';
import { ROLE_NAMES, texts } from './texts.js';

const LOOK_AGAIN_MS = 15_000;
const TONES: Readonly<Record<ChangeShown['status'], Tone>> = { open: 'info', confirmed: 'ok', refused: 'bad', taken_back: 'warn', expired: 'warn' };

function useChanges(status: 'open' | 'settled'): readonly ChangeShown[] | undefined {
  const path = `/v1/changes?status=${status}`;
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => read<{ items: readonly ChangeShown[] }>(path, signal), refetchInterval: LOOK_AGAIN_MS }).data?.items;
}

/** Every change that waits for a second administrator, whatever it is about. */
export function WaitingChanges() {
  const t = useSay();
  const { dateTime } = useFormat();
  const may = useMay();
  const { session } = useSession();
  const { done } = useProposalDesk();
  const open = useChanges('open');
  const [asked, setAsked] = useState<{ readonly change: ChangeShown; readonly to: 'confirm' | 'refuse' }>();
  const takeBack = useMutation({ mutationFn: (id: string) => ask('POST', `/v1/changes/${id}/take-back`), onSuccess: () => { done('takenBack'); } });
  const close = (): void => { setAsked(undefined); };
  const confirm = async (proof: Proof): Promise<void> => {
    const { body } = await ask<ChangeAnswer>('POST', `/v1/changes/${asked!.change.id}/confirm`, { body: proof });
    close();
    done('confirmed', body.told);
  };
  return (
    <section className="card stack" aria-labelledby="changes-waiting">
      <h2 id="changes-waiting">{t(texts.waiting)}</h2>
      <div role="alert">{takeBack.error && <Notice tone="bad"><p>{t(wordsFor(takeBack.error, texts.refusals))}</p></Notice>}</div>
      {open?.length === 0 && <p className="muted">{t(texts.noneWaiting)}</p>}
      {open && open.length > 0 && (
        <Table labelledBy="changes-waiting" head={[t(texts.change), t(texts.proposed), t(texts.expires), t(texts.actions)]}>
          {open.map((change) => {
            const named = (action: string): string => `${action}: ${t(changeKindName(change.kind))}`;
            return (
              <tr key={change.id}>
                <td><Content change={change} /></td>
                <td>{change.proposedBy.displayName}<br /><span className="muted">{dateTime(change.proposedAt)}</span></td>
                <td>{dateTime(change.expiresAt)}</td>
                <td>{may('change.decide') && (change.proposedBy.id === session?.officer.id
                  ? <div className="stack"><span className="muted">{t(texts.yours)}</span><div><Button aria-label={named(t(texts.takeBack))} onPress={() => { takeBack.mutate(change.id); }}>{t(texts.takeBack)}</Button></div></div>
                  : (
                    <div className="row">
                      <Button kind="primary" aria-label={named(t(texts.confirm))} onPress={() => { setAsked({ change, to: 'confirm' }); }}>{t(texts.confirm)}</Button>
                      <Button aria-label={named(t(texts.refuse))} onPress={() => { setAsked({ change, to: 'refuse' }); }}>{t(texts.refuse)}</Button>
                    </div>
                  ))}</td>
              </tr>
            );
          })}
        </Table>
      )}
      <Dialog title={t(texts.confirmTitle)} isOpen={asked?.to === 'confirm'} onClose={close} role="alertdialog">
        {asked && (
          <div className="stack">
            <Content change={asked.change} />
            <p>{t(texts.confirmText(asked.change.proposedBy.displayName))}</p>
            <StepUp purpose={{ for: 'change', change: asked.change.id }} action={t(texts.confirm)} decide={confirm} refused={texts.refusals}><Button onPress={close}>{t(texts.cancel)}</Button></StepUp>
          </div>
        )}
      </Dialog>
      <Dialog title={t(texts.refuseTitle)} isOpen={asked?.to === 'refuse'} onClose={close}>
        {asked && <Refusing change={asked.change} onDone={() => { close(); done('refused'); }} onCancel={close} />}
      </Dialog>
    </section>
  );
}

/** What was settled last, and how. */
export function SettledChanges() {
  const t = useSay();
  const { dateTime } = useFormat();
  const settled = useChanges('settled');
  return (
    <section className="card stack" aria-labelledby="changes-settled">
      <h2 id="changes-settled">{t(texts.settled)}</h2>
      {settled?.length === 0 && <p className="muted">{t(texts.noneSettled)}</p>}
      {settled && settled.length > 0 && (
        <Table labelledBy="changes-settled" head={[t(texts.change), t(texts.proposed), t(texts.outcome)]}>
          {settled.map((change) => (
            <tr key={change.id}>
              <td><Content change={change} /></td>
              <td>{change.proposedBy.displayName}<br /><span className="muted">{dateTime(change.proposedAt)}</span></td>
              <td>
                <Badge tone={TONES[change.status]}>{t(texts.statuses[change.status])}</Badge> {change.decidedBy?.displayName}
                {change.decidedAt !== null && <><br /><span className="muted">{dateTime(change.decidedAt)}</span></>}
                {change.reason !== null && <p>{t(texts.reason)}: {change.reason}</p>}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

/** What a change says. Of a destination that is there already, what will be otherwise; the whole is behind it. */
function Content({ change }: { readonly change: ChangeShown }) {
  const t = useSay();
  const { nameOf, officers } = useRoster();
  const destinations = useDestinations();
  const id = String(change.payload['id'] ?? '');
  const present = change.kind.startsWith('destination.') ? destinations?.find((one) => one.id === id) : undefined;
  const isDifference = change.kind === 'destination.set' && change.status === 'open' && present !== undefined;
  // Who confirms sees what there is beside what there will be.
  const before = change.status === 'open' && change.kind === 'officer.change' ? officers.find(({ id }) => id === change.payload['officer']) : undefined;
  return (
    <>
      <strong>{t(changeKindName(change.kind))}{present && `: ${present.name}, ${t(partnerTexts.worlds[present.mode])}`}</strong>
      {isDifference ? (
        <>
          <DestinationDifference present={present} proposed={change.payload} label={t(partnerTexts.difference)} />
          <details><summary>{t(texts.whole)}</summary><Fields rows={changeRows(change, t, nameOf)} /></details>
        </>
      ) : <Fields rows={changeRows(change, t, nameOf)} />}
      {change.document !== null && <><p>{t(texts.inForce(change.kind === 'destination.enable'))}</p><Fields rows={documentRows(change.document, t)} /></>}
      {before && <p className="muted">{t(texts.now(before.roles.map((role) => t(ROLE_NAMES[role])).join(', '), t(before.enabled ? texts.enabled : texts.disabled)))}</p>}
      {change.hasSecret && <p className="muted">{t(texts.hasSecret)}</p>}
    </>
  );
}

function Fields({ rows }: { readonly rows: readonly (readonly [name: string, value: string])[] }) {
  return <dl className="administrator-fields">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

function Refusing({ change, onDone, onCancel }: { readonly change: ChangeShown; readonly onDone: () => void; readonly onCancel: () => void }) {
  const t = useSay();
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const refuse = useMutation({ mutationFn: () => ask('POST', `/v1/changes/${change.id}/refuse`, { body: { reason } }), onSuccess: onDone });
  const submit = (): void => {
    setMissing(reason.trim() === '');
    if (reason.trim() !== '' && !refuse.isPending) refuse.mutate();
  };
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <Content change={change} />
      <Field label={t(texts.reason)} hint={t(texts.reasonHint)} value={reason} onChange={setReason} long maxLength={1_000} isRequired error={missing ? t(texts.reasonMissing) : undefined} />
      <div role="alert">{refuse.error && <Notice tone="bad"><p>{t(wordsFor(refuse.error, texts.refusals))}</p></Notice>}</div>
      <div className="row"><Button kind="danger" type="submit" isPending={refuse.isPending}>{t(texts.refuse)}</Button><Button onPress={onCancel}>{t(texts.cancel)}</Button></div>
    </Form>
  );
}
