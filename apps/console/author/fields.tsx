import { createContext, useContext, useState, type ReactNode } from 'react';
import { suggestCyrillic } from '#alerts/scripts.js';
import { Button } from '../design/button.js';
import { Field, Select } from '../design/fields.js';
import { useLanguage, useSay, type Language, type Wording } from '../language.js';
import { faultText, nameOf } from './field-texts.js';
import { choose, elementOf, put, textAt, valueAt, type Content, type Fault, type Unfinished, type UnfinishedField, type Writing } from './form.js';
import { PHRASES } from './phrases.js';
import { texts } from './texts.js';

/** The form that fields write into. */
export interface FormState {
  readonly content: Content;
  readonly unfinished: Unfinished;
  readonly write: (change: (writing: Writing) => Writing) => void;
  readonly faults: readonly Fault[];
  /** After the first try to hand in, what is missing is shown too. */
  readonly tried: boolean;
}

const FormContext = createContext<FormState | undefined>(undefined);
export const FormProvider = FormContext.Provider;

/** The form around a field. */
export function useForm(): FormState {
  const form = useContext(FormContext);
  if (!form) throw new Error('a field stands outside a form');
  return form;
}

/** What is wrong with a field, in words; what is merely still missing only after the first try to hand in. */
export function useError(): (path: string) => string | undefined {
  const t = useSay();
  const { content, unfinished, faults, tried } = useForm();
  return (path) => {
    const fault = faults.find(({ field }) => field === path || field.startsWith(`${path}[`));
    const filled = valueAt(content, path) !== undefined || path in unfinished;
    return fault && (tried || filled) ? t(faultText(fault)) : undefined;
  };
}

/** A text of the content. */
export function TextAt({ path, label, hint, long = false, language, after }: {
  readonly path: string; readonly label?: string; readonly hint?: string; readonly long?: boolean; readonly language?: Language; readonly after?: ReactNode;
}) {
  const t = useSay();
  const { content, write } = useForm();
  const error = useError();
  return (
    <Field id={elementOf(path)} label={label ?? t(nameOf(path))} hint={hint} long={long} {...(language && { language })} value={textAt(content, path)} error={error(path)} after={after} autoComplete="off"
      onChange={(text) => { write((writing) => ({ ...writing, content: put(writing.content, path, text) })); }} />
  );
}

/** A field whose text is read as something else; what cannot be read yet is kept as it was typed. */
export function TypedAt<V>({ path, label, hint, read, show, wrap = (value) => value, after, long = false }: {
  readonly path: UnfinishedField; readonly label?: string; readonly hint?: string; readonly read: (text: string) => V | undefined; readonly show: (value: V) => string;
  /** What is put into the content for what was read; `undefined` when nothing stands there. */
  readonly wrap?: (value: V | undefined) => unknown; readonly after?: ReactNode; readonly long?: boolean;
}) {
  const t = useSay();
  const { content, unfinished, write } = useForm();
  const error = useError();
  const value = valueAt(content, path) as V | undefined;
  const standing = unfinished[path] ?? (value === undefined ? '' : typeof value === 'string' && read(show(value)) === undefined ? value : show(value));
  // While it is typed in, the field shows what was typed and not how it is written in full.
  const [typed, setTyped] = useState<string>();
  const change = (text: string): void => {
    setTyped(text);
    const given = read(text);
    write((writing) => {
      const empty = text.trim() === '';
      return choose({ ...writing, content: put(writing.content, path, wrap(empty ? undefined : given)) }, `typed:${path}`, empty || given !== undefined ? undefined : text);
    });
  };
  return (
    <Field id={elementOf(path)} label={label ?? t(nameOf(path))} hint={hint} long={long} value={typed ?? standing} onChange={change} onBlur={() => { setTyped(undefined); }} autoComplete="off"
      error={error(path) ?? (typed === undefined && path in unfinished ? t(texts.unread) : undefined)} after={after} />
  );
}

/** Latin and Cyrillic side by side; the other script is offered, and taken only when the officer says so. */
export function Suggestion({ from, to }: { readonly from: string; readonly to: string }) {
  const t = useSay();
  const { content, write } = useForm();
  const latin = textAt(content, from);
  if (latin.trim() === '' || textAt(content, to).trim() !== '') return null;
  const { text, doubtful } = suggestCyrillic(latin);
  const doubts = [...new Set(doubtful.map(({ latin: [start, end] }) => latin.normalize('NFC').slice(start, end)))];
  return (
    <div className="author-suggestion">
      <Button kind="plain" onPress={() => {
        write((writing) => ({ ...writing, content: put(writing.content, to, text) }));
        // Whoever takes it goes on where it stands, to read it.
        document.getElementById(elementOf(to))?.focus();
      }}>{t(texts.suggestion(text))}</Button>
      {doubts.length > 0 && <span className="muted">{t(texts.doubt(doubts.join(', ')))}</span>}
    </div>
  );
}

const WAYS: readonly Language[] = ['sr-Latn', 'sr-Cyrl', 'en'];

/** A text in both scripts and English, each given by the officer. */
export function WordingAt({ path, long = false, optional = true, lead }: { readonly path: string; readonly long?: boolean; readonly optional?: boolean; readonly lead?: ReactNode }) {
  const t = useSay();
  const { language } = useLanguage();
  const { write } = useForm();
  const name = t(nameOf(path));
  const phrases = PHRASES[path];
  return (
    <div className="author-wording" role="group" aria-label={name}>
      <div className="author-wording-name"><strong>{name}</strong>{optional && <span className="muted">({t(texts.optional)})</span>}
        {phrases && <Select label={t(texts.phrases(name))} isLabelHidden value={undefined} placeholder={t(texts.phrases(name))}
          options={phrases.map((phrase, i) => ({ value: String(i), label: `${phrase['sr-Latn']} / ${phrase[language === 'sr-Cyrl' ? 'sr-Cyrl' : 'en']}` }))}
          onChange={(chosen) => { const phrase: Wording = phrases[Number(chosen)]!; write((writing) => ({ ...writing, content: put(writing.content, path, phrase) })); }} />}
      </div>
      {lead}
      <div className="author-ways">
        {WAYS.map((way) => (
          <div key={way}>
            <TextAt path={`${path}.${way}`} label={`${name}, ${t(texts.languages[way])}`} language={way} long={long} />
            {way === 'sr-Latn' && <Suggestion from={`${path}.sr-Latn`} to={`${path}.sr-Cyrl`} />}
          </div>
        ))}
      </div>
    </div>
  );
}
