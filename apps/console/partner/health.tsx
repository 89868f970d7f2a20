import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ConnectionTestAnswer, PartnerDestinationAnswer } from '#apps/api/partner-desk.controller.js';
import { wordsFor } from '../account/refusals.js';
import { ask } from '../api.js';
import { Button } from '../design/button.js';
import { Badge, Notice, type Tone } from '../design/notice.js';
import { Table } from '../design/table.js';
import { channelLabel, reasonName, receiptWord } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { addressOf, LOOK_AGAIN_MS, useOf } from './own.js';
import { texts } from './texts.js';

const TONES: Readonly<Record<string, Tone>> = { confirmed: 'ok', well: 'ok', accepted: 'info', queued: 'info', sending: 'info', uncertain: 'warn', deferred: 'warn', lapsed: 'warn', refused: 'bad', failed: 'bad', unwell: 'bad' };

/** How the ways to a destination are, and a test of them on demand. */
export function Health({ destination }: { readonly destination: PartnerDestinationAnswer }) {
  const t = useSay();
  const { dateTime } = useFormat();
  return (
    <section className="card stack" aria-labelledby="partner-health">
      <h2 id="partner-health">{t(texts.health)}</h2>
      <Table labelledBy="partner-health" head={[t(texts.route), t(texts.channel), t(texts.state), t(texts.since), t(texts.lastProbe)]}>
        {destination.routes.map(({ route, channel, breaker, changedAt, lastProbe }) => (
          <tr key={route}>
            <th scope="row">{route}</th><td>{channelLabel(channel, t)}</td>
            <td><Badge tone={breaker === 'open' ? 'bad' : breaker === 'half-open' ? 'warn' : 'ok'}>{t(breaker === null ? texts.noTrouble : texts.breakers[breaker]!)}</Badge></td>
            <td>{changedAt === null ? '–' : dateTime(changedAt)}</td>
            <td>{lastProbe === null ? t(texts.never) : <><Badge tone={lastProbe.well ? 'ok' : 'bad'}>{t(texts.testStates[lastProbe.well ? 'well' : 'unwell']!)}</Badge> {dateTime(lastProbe.at)} {lastProbe.reason !== null && t(reasonName(lastProbe.reason))}</>}</td>
          </tr>
        ))}
      </Table>
      <p>{t(texts.lastAccepted)}: {destination.lastAcceptedAt === null ? t(texts.never) : dateTime(destination.lastAcceptedAt)}</p>
      <Tests destination={destination} />
    </section>
  );
}

function Tests({ destination: { id, tests: means } }: { readonly destination: PartnerDestinationAnswer }) {
  const t = useSay();
  const { timeToSecond, dateTime, duration } = useFormat();
  const queries = useQueryClient();
  const [asked, setAsked] = useState(false);
  const path = addressOf(id, 'tests');
  const { data } = useOf<{ items: readonly ConnectionTestAnswer[] }>(id, 'tests', asked ? 1_000 : LOOK_AGAIN_MS);
  const test = useMutation({
    mutationFn: () => ask<{ id: string }>('POST', path),
    onSuccess: () => {
      setAsked(true);
      void queries.invalidateQueries({ queryKey: [path] });
    },
    onError: () => { setAsked(false); },
  });
  return (
    <div className="stack">
      <p>{t(means === 'notice' ? texts.testText : texts.probeText)}</p>
      <div><Button kind="primary" isPending={test.isPending} onPress={() => { if (!test.isPending) test.mutate(); }}>{t(means === 'notice' ? texts.test : texts.probe)}</Button></div>
      <div role="status">{asked && <Notice tone="info"><p>{t(texts.asked)}</p></Notice>}</div>
      <div role="alert">{test.error && <Notice tone="bad"><p>{t(wordsFor(test.error, texts.refusals))}</p></Notice>}</div>
      <h3>{t(texts.tests)}</h3>
      {data?.items.length === 0 && <p className="muted">{t(texts.noTests)}</p>}
      {data && data.items.length > 0 && (
        <Table labelledBy="partner-health" head={[t(texts.at), t(texts.outcome), t(texts.took), t(texts.yourWord)]}>
          {data.items.map(({ id: one, askedAt, state, reason, ms, receipt }) => (
            <tr key={one}>
              <td>{dateTime(askedAt)}</td>
              <td><Badge tone={TONES[state] ?? 'info'}>{t(texts.testStates[state]!)}</Badge> {reason !== null && t(reasonName(reason))}</td>
              <td>{ms === null ? '–' : duration(ms)}</td>
              <td>{receipt === null ? '–' : <>{t(receiptWord(receipt.word))}, {timeToSecond(receipt.at)}</>}</td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  );
}
