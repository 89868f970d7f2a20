import { useState } from 'react';
import { Button } from '../design/button.js';
import { Choice } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useFormat, useSay, type Wording } from '../language.js';
import { valueOf } from '../approver/fields.js';
import { nameOf } from './field-texts.js';
import { fieldOf, type Clash } from './form.js';
import { useKept, type Keeper } from './keeper.js';
import { texts } from './texts.js';
import { writePolygons, writePosition } from './reading.js';

/** How it stands with what is written, always in sight. */
export function KeepingLine({ keeper }: { readonly keeper: Keeper }) {
  const t = useSay();
  const { time } = useFormat();
  const { keeping, draft: { savedAt, others } } = useKept(keeper);
  const words: Readonly<Record<typeof keeping, Wording>> = {
    saved: texts.keeping.saved(time(savedAt)), waiting: texts.keeping.waiting, saving: texts.keeping.waiting, offline: texts.keeping.offline,
    'signed-out': texts.keeping.signedOut, clash: texts.keeping.clash, gone: texts.keeping.gone, refused: texts.keeping.refused,
  };
  const bad = !['saved', 'waiting', 'saving'].includes(keeping);
  // Each pause in typing saves, which nobody needs to hear; that it failed, and that it works again, they do.
  const [isLoud, setLoud] = useState(bad);
  if (bad && !isLoud) setLoud(true);
  if (keeping === 'waiting' && isLoud) setLoud(false);
  return (
    <div className={`author-keeping${bad ? ' bad' : ''}`}>
      <p role="status" aria-live={isLoud ? 'polite' : 'off'}>{t(words[keeping])}</p>
      <p role="status">{others.length > 0 && t(texts.others(others.map(({ name }) => name).join(', ')))}</p>
    </div>
  );
}

/** What somebody else filled in meanwhile. */
export function News({ keeper }: { readonly keeper: Keeper }) {
  const t = useSay();
  const { news } = useKept(keeper);
  return <div role="status">{news && <Notice><p>{t(texts.news(news.by, news.fields.map((field) => t(nameOf(field))).join(', ')))}</p></Notice>}</div>;
}

/** Both values of each field that two wrote, and a choice. */
export function Clashes({ keeper }: { readonly keeper: Keeper }) {
  const t = useSay();
  const { clashes, draft: { savedBy } } = useKept(keeper);
  const [choices, setChoices] = useState<ReadonlyMap<string, 'mine' | 'theirs'>>(new Map());
  if (clashes.length === 0) return null;
  const shown = ({ path }: Clash, value: unknown): string => t(valueOf(fieldOf(path), writtenAs(value))) || t(texts.nothing);
  return (
    <section className="card notice bad stack" role="alert">
      <h2>{t(texts.clashTitle(savedBy.name))}</h2>
      <p>{t(texts.clashText)}</p>
      {clashes.map((clash) => (
        <Choice key={clash.path} label={t(nameOf(fieldOf(clash.path)))} value={choices.get(clash.path)}
          onChange={(choice) => { setChoices((now) => new Map(now).set(clash.path, choice)); }}
          options={[{ value: 'mine', label: t(texts.mine(shown(clash, clash.mine))) }, { value: 'theirs', label: t(texts.theirs(shown(clash, clash.theirs))) }]} />
      ))}
      <div><Button kind="primary" isDisabled={clashes.some(({ path }) => !choices.has(path))}
        onPress={() => { keeper.settle(new Map(clashes.map((clash) => [clash.path, clash[choices.get(clash.path)!]]))); }}>{t(texts.settle)}</Button></div>
    </section>
  );
}

/** A value as people read it. */
function writtenAs(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value) && value.length === 2 && value.every((n) => typeof n === 'number')) return writePosition(value as [number, number]);
  if (typeof value === 'object' && value !== null) {
    const { kind, codes, polygons } = value as { kind?: string; codes?: string[]; polygons?: [number, number][][] };
    return [kind, codes?.join(', '), polygons && writePolygons(polygons).replaceAll('\n', '; ')].filter((part) => part !== undefined).join(': ');
  }
  return String(value);
}
