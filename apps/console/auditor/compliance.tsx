import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { z } from 'zod';
import type { auditedSlotSchema, complianceSchema } from '#apps/api/audit-schemas.js';
import { read } from '../api.js';
import { Button } from '../design/button.js';
import { Badge, type Tone } from '../design/notice.js';
import { reasonName, receiptWord } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { Reading, Table, useNames, usePages } from './parts.js';
import { apiPath, type Field, type Search } from './search.js';
import { texts } from './texts.js';

type Kept = z.output<typeof complianceSchema>;
type Slot = z.output<typeof auditedSlotSchema>;

const FIELDS: readonly Field[] = ['mode', 'alert', 'from', 'to'];
const STATES = ['aired', 'late', 'missed', 'due', 'stopped'] as const;
const TONES: Readonly<Record<Slot['state'], Tone | undefined>> = { aired: 'ok', late: 'warn', missed: 'bad', due: 'info', stopped: undefined };

/** How broadcasters kept the rulebook, and the proofs of the one that is opened. */
export function Compliance({ search }: { readonly search: Search }) {
  const t = useSay();
  const format = useFormat();
  const { names } = useNames();
  const [open, setOpen] = useState<string>();
  const path = apiPath('/v1/audit/airing', search, FIELDS);
  const { data, error, refetch } = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<{ items: Kept[] }>(path, signal) });
  if (!data) return <Reading error={error} again={() => { void refetch(); }} />;
  if (data.items.length === 0) return <p role="status">{t(texts.nothing)}</p>;
  return (
    <>
      <p className="muted">{t(texts.airingText)}</p>
      <Table label={t(texts.airing)} head={[t(texts.broadcaster), ...STATES.map((state) => t(texts.slotStates[state])), t(texts.share), t(texts.proofOf)]}>
        {data.items.map((one) => {
          const name = names.destination(one.destination) ?? one.destination;
          return (
            <tr key={one.destination}>
              <th scope="row">{name}</th>
              {STATES.map((state) => <td key={state} className="auditor-number">{format.number(one[state])}</td>)}
              <td className="auditor-number">{one.inTime === null ? t(texts.never) : format.number(one.inTime, { style: 'percent', maximumFractionDigits: 0 })}</td>
              <td><Button kind="quiet" aria-expanded={open === one.destination} onPress={() => { setOpen(open === one.destination ? undefined : one.destination); }}>{t(texts.slotsOf(name))} <span aria-hidden="true">{open === one.destination ? '▴' : '▾'}</span></Button></td>
            </tr>
          );
        })}
      </Table>
      {open !== undefined && <Slots key={open} destination={open} name={names.destination(open) ?? open} search={search} />}
    </>
  );
}

function Slots({ destination, name, search }: { readonly destination: string; readonly name: string; readonly search: Search }) {
  const t = useSay();
  const format = useFormat();
  const { items, error, again, more } = usePages<Slot>(apiPath('/v1/audit/airing/slots', search, FIELDS, { destination, limit: '100' }));
  const when = (at: string) => <time dateTime={at}>{format.date(at)} {format.timeToSecond(at)}</time>;
  if (!items) return <Reading error={error} again={again} />;
  return (
    <section className="stack" aria-label={t(texts.slotsOf(name))}>
      <h3>{t(texts.slotsOf(name))}</h3>
      <Table label={t(texts.slotsOf(name))} head={[texts.slot, texts.ofAlert, texts.due, texts.status, texts.slotStates.aired, texts.proofOf].map((words, n) => (n === 4 ? t(texts.at) : t(words)))}>
        {items.map((slot) => (
          <tr key={`${slot.deliveryId} ${slot.number}`}>
            <td className="auditor-number">{slot.number + 1}</td>
            <td><Link href={`/audit/alerts/${slot.alertId}`} className="mono">{slot.alertId.slice(0, 8)}</Link></td>
            <td className="auditor-time">{when(slot.dueAt)}</td>
            <td><Badge tone={TONES[slot.state]}>{t(texts.slotStates[slot.state])}</Badge> {slot.reason !== null && t(reasonName(slot.reason))}</td>
            <td className="auditor-time">{slot.airedAt === null ? t(texts.never) : <>{when(slot.airedAt)}{slot.seconds !== null && `, ${format.duration(slot.seconds * 1_000)}`}</>}</td>
            <td>{slot.receiptSeq === null ? t(texts.never) : t(texts.proved(format.number(slot.receiptSeq), receiptWord(slot.word ?? '')))}</td>
          </tr>
        ))}
      </Table>
      {more && <div className="no-print"><Button {...more}>{t(texts.more)}</Button></div>}
    </section>
  );
}
