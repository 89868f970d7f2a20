import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { ChannelForm, DestinationShown, TrialAnswer } from '#apps/api/destinations.controller.js';
import type { Mode } from '#alerts/notice.js';
import { wordsFor } from '../account/refusals.js';
import { ask, read, Refused } from '../api.js';
import { Button } from '../design/button.js';
import { Choice, Field, Group, Select } from '../design/fields.js';
import { Badge, elementNear, ErrorSummary, Notice, type Wrong } from '../design/notice.js';
import { channelLabel, reasonName } from '../facts/words.js';
import { useSay } from '../language.js';
import { DestinationDifference } from './difference.js';
import { partnerTexts as texts } from './partner-texts.js';
import { usePropose } from './proposal.js';
import { elementOf, ObjectFields, type Faults, type Schema, type Settings } from './schema-field.js';

interface Secret { readonly name: string; readonly value: string }

/** Adds a destination or changes one: the channel's own schema makes the fields, so a new channel needs nothing here. */
export function DestinationForm({ present, close }: { readonly present: DestinationShown | undefined; readonly close: () => void }) {
  const t = useSay();
  const channels = useQuery({ queryKey: ['/v1/destinations/channels'], queryFn: ({ signal }) => read<{ items: readonly ChannelForm[] }>('/v1/destinations/channels', signal), staleTime: Infinity }).data?.items;
  const [id, setId] = useState(present?.id ?? '');
  const [name, setName] = useState(present?.name ?? '');
  const [mode, setMode] = useState<Mode>(present?.mode ?? 'drill');
  const [channel, setChannel] = useState(present?.channel ?? '');
  const [settings, setSettings] = useState<Settings>((present?.settings ?? {}) as Settings);
  const [fallbacks, setFallbacks] = useState(present && present.fallbacks.length > 0 ? JSON.stringify(present.fallbacks, null, 2) : '');
  const [secrets, setSecrets] = useState<readonly Secret[]>([]);
  const propose = usePropose(close);
  const others = fallbacksOf(fallbacks);
  const destination = { id, name, channel, mode, settings, ...(others !== undefined && { fallbacks: others }) };
  const given = Object.fromEntries(secrets.filter((one) => one.name !== '' && one.value !== '').map((one) => [one.name, one.value]));
  const trial = useMutation({ mutationFn: async () => (await ask<TrialAnswer>('POST', '/v1/destinations/trial', { body: { destination, secrets: given } })).body });
  const error = propose.error ?? trial.error;
  const faults = faultsIn(error);
  const schema = channels?.find(({ kind }) => kind === channel)?.schema as Schema | undefined;
  const submit = (): void => { if (!propose.isPending) propose.mutate({ kind: 'destination.set', payload: destination, ...(Object.keys(given).length > 0 && { secret: given }) }); };
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <ErrorSummary title={t(texts.wrong)} wrongs={error ? [{ message: t(wordsFor(error, texts.refusals)) }, ...[...faults].map(([field, message]) => wrongAt(field, message))] : []} />
      {!present && <Field id={elementOf('id')} label={t(texts.id)} hint={t(texts.idHint)} value={id} onChange={setId} error={faults.get('id')} maxLength={40} isRequired autoComplete="off" spellCheck="false" />}
      <Field id={elementOf('name')} label={t(texts.name)} value={name} onChange={setName} error={faults.get('name')} maxLength={80} isRequired autoComplete="off" />
      {!present && <Choice label={t(texts.world)} value={mode} onChange={setMode} options={(['drill', 'live'] as const).map((value) => ({ value, label: t(texts.worlds[value]) }))} />}
      <div id={elementOf('channel')}><Select label={t(texts.channel)} value={channel === '' ? undefined : channel} error={faults.get('channel')} options={(channels ?? []).map(({ kind }) => ({ value: kind, label: channelLabel(kind, t) }))} onChange={(kind) => {
        setChannel(kind);
        setSettings(kind === present?.channel ? present.settings as Settings : {});
      }} /></div>
      {schema && <Group key={channel} legend={t(texts.settings)}><ObjectFields schema={schema} value={settings} path="" faults={below(faults, 'settings.')} onChange={(next) => { setSettings(next as Settings); }} /></Group>}
      <Field id={elementOf('fallbacks')} label={t(texts.fallbacks)} hint={t(texts.fallbacksHint)} long value={fallbacks} onChange={setFallbacks} error={[...faults].find(([field]) => field.startsWith('fallbacks'))?.[1]} spellCheck="false" />
      <Group legend={t(texts.secrets)}>
        <p>{t(texts.secretsText)}</p>
        {secrets.map((secret, n) => {
          const change = (part: Partial<Secret>): void => { setSecrets(secrets.map((one, other) => (other === n ? { ...one, ...part } : one))); };
          return (
            <div key={n} className="pair">
              <Field label={`${t(texts.secretName)} ${n + 1}`} value={secret.name} onChange={(text) => { change({ name: text }); }} autoComplete="off" spellCheck="false" />
              <Field label={`${t(texts.secretValue)} ${n + 1}`} long value={secret.value} onChange={(text) => { change({ value: text }); }} autoComplete="off" spellCheck="false" />
            </div>
          );
        })}
        <div><Button onPress={() => { setSecrets([...secrets, { name: '', value: '' }]); }}>{t(texts.addSecret)}</Button></div>
      </Group>
      <Group legend={t(texts.difference)}>
        <DestinationDifference present={present} proposed={destination} label={t(texts.difference)} />
        {Object.keys(given).length > 0 && <p>{t(texts.newSecrets)}: {Object.keys(given).join(', ')}</p>}
      </Group>
      <div className="stack">
        <p className="muted">{t(texts.trialText)}</p>
        <div><Button isPending={trial.isPending} onPress={() => { if (!trial.isPending) trial.mutate(); }}>{t(texts.trial)}</Button></div>
        <div role="status">{trial.data && <Notice tone={trial.data.routes.every(({ well }) => well) ? 'ok' : 'bad'}><ul>{trial.data.routes.map(({ channel: kind, well, reason }, n) => (
          <li key={n}>{channelLabel(kind, t)}: <Badge tone={well ? 'ok' : 'bad'}>{t(well ? texts.well : texts.unwell)}</Badge> {reason !== null && t(reasonName(reason))}</li>
        ))}</ul></Notice>}</div>
      </div>
      <div className="row"><Button kind="primary" type="submit" isPending={propose.isPending}>{t(texts.propose)}</Button><Button onPress={close}>{t(texts.cancel)}</Button></div>
    </Form>
  );
}

/** What the API found, by field of the destination, in its own words. */
function faultsIn(error: Error | null): Faults {
  if (!(error instanceof Refused)) return new Map();
  return new Map(error.problem.faults.flatMap(({ field, detail, rule }) => (field === '' ? [] : [[field.replace(/^(payload|body\.destination|destination)\./, ''), detail ?? rule] as const])));
}

function wrongAt(field: string, message: string): Wrong {
  const target = elementNear(field, (path) => [elementOf(path)]);
  return { ...(target !== undefined && { target }), message: `${field}: ${message}` };
}

function below(faults: Faults, prefix: string): Faults {
  return new Map([...faults].flatMap(([field, message]) => (field.startsWith(prefix) ? [[field.slice(prefix.length), message] as const] : [])));
}

/** What is no JSON yet goes as it was typed, and is refused with its field. */
function fallbacksOf(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
