import { useState, type FormEvent } from 'react';
import { FACT_NAMES } from '#audit/fact-names.js';
import { Button } from '../design/button.js';
import { Field, Select } from '../design/fields.js';
import { ErrorSummary } from '../design/notice.js';
import { channelName, outcomeName, STATUS_NAMES } from '../facts/words.js';
import { useLanguage, useSay, type Wording } from '../language.js';
import type { KnownNames } from './parts.js';
import { instantOf, isAlertId, type Field as FieldName, type Search } from './search.js';
import { texts } from './texts.js';
import { proofTexts } from './proof-texts.js';

const OUTCOMES = ['accepted', 'refused', 'deferred', 'uncertain', 'aired', 'late', 'missed', 'stopped'] as const;
const ANY = 'any';

/** A form of conditions. What it asks goes into the address when it is sent, and is read from there again. */
export function Filters({ search, fields, known, onSearch }: {
  readonly search: Search; readonly fields: readonly FieldName[]; readonly known: KnownNames | undefined; readonly onSearch: (search: Search) => void;
}) {
  const t = useSay();
  const { language } = useLanguage();
  const [draft, setDraft] = useState<Search>(search);
  const [wrong, setWrong] = useState<Readonly<Partial<Record<FieldName, string>>>>({});
  const set = (field: FieldName, value: string | undefined): void => {
    setDraft(({ [field]: _before, after: _page, ...rest }) => (value === undefined || value === '' || value === ANY ? rest : { ...rest, [field]: value }));
  };
  const send = (event: FormEvent): void => {
    event.preventDefault();
    const found: Partial<Record<FieldName, string>> = {};
    if (draft.alert !== undefined && !isAlertId(draft.alert.trim())) found.alert = t(texts.alertWrong);
    if (draft.from !== undefined && draft.to !== undefined && (instantOf(draft.from) ?? '') > (instantOf(draft.to) ?? '')) found.to = t(proofTexts.periodBackwards);
    setWrong(found);
    if (Object.keys(found).length === 0) onSearch({ ...draft, ...(draft.alert !== undefined && { alert: draft.alert.trim() }) });
  };
  const pick = (field: FieldName, label: Wording, options: readonly (readonly [string, string])[], required = false) => fields.includes(field) && (
    <Select
      key={field} label={t(label)} value={draft[field] ?? (required ? options[0]![0] : ANY)} onChange={(value: string) => { set(field, value); }}
      options={[...(required ? [] : [{ value: ANY, label: t(texts.any) }]), ...options.map(([value, name]) => ({ value, label: name }))]}
    />
  );
  const byName = <T,>(items: readonly T[], nameOf: (item: T) => readonly [string, string]): (readonly [string, string])[] => items.map(nameOf).sort((a, b) => a[1].localeCompare(b[1], language));
  return (
    <form className="card stack auditor-filters no-print" aria-label={t(texts.filters)} onSubmit={send} noValidate>
      <ErrorSummary title={t(texts.filterErrors)} wrongs={Object.entries(wrong).map(([field, message]) => ({ target: `filter-${field}`, message }))} />
      <div className="pair">
        {pick('mode', texts.mode, [['drill', t(texts.modes.drill)], ['live', t(texts.modes.live)]], !fields.includes('type') && !fields.includes('status') && !fields.includes('destination'))}
        {pick('status', texts.status, Object.entries(STATUS_NAMES).map(([value, name]) => [value, t(name)]))}
        {pick('officer', texts.officer, byName(known?.officers ?? [], ({ id, displayName }) => [id, displayName]))}
        {pick('destination', texts.destination, byName(known?.destinations ?? [], ({ id, name, mode }) => [id, `${name} (${t(texts.modes[mode])})`]))}
        {pick('channel', texts.channel, byName(known?.channels ?? [], (channel) => [channel, t(channelName(channel))]))}
        {pick('outcome', texts.outcome, OUTCOMES.map((outcome) => [outcome, t(outcome in texts.slotStates ? texts.slotStates[outcome as keyof typeof texts.slotStates] : outcomeName(outcome))]))}
        {pick('type', texts.type, byName(Object.entries(FACT_NAMES), ([type, name]) => [type, t(name)]))}
        {pick('order', texts.order, [['newest', t(texts.orders.newest)], ['oldest', t(texts.orders.oldest)]], true)}
        {fields.includes('from') && <Field id="filter-from" label={t(texts.from)} hint={t(texts.timeHint)} type="datetime-local" value={draft.from ?? ''} onChange={(value) => { set('from', value); }} error={wrong.from} />}
        {fields.includes('to') && <Field id="filter-to" label={t(texts.to)} hint={t(texts.timeHint)} type="datetime-local" value={draft.to ?? ''} onChange={(value) => { set('to', value); }} error={wrong.to} />}
        {fields.includes('alert') && <Field id="filter-alert" label={t(texts.alert)} hint={t(texts.alertHint)} value={draft.alert ?? ''} onChange={(value) => { set('alert', value); }} error={wrong.alert} autoComplete="off" />}
      </div>
      <div className="row">
        <Button kind="primary" type="submit">{t(texts.show)}</Button>
        <Button onPress={() => { setDraft({}); setWrong({}); onSearch({}); }}>{t(texts.clear)}</Button>
      </div>
    </form>
  );
}
