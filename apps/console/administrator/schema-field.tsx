import { useState } from 'react';
import { Check, Field, Group, Select } from '../design/fields.js';
import { useSay } from '../language.js';
import { partnerTexts as texts } from './partner-texts.js';

/** As much of JSON Schema as forms are made of; what is more is written as JSON. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

export type Settings = Readonly<Record<string, unknown>>;
/** What is wrong with a field, by its path below the settings: `audience.name`. */
export type Faults = ReadonlyMap<string, string>;

interface Props {
  readonly schema: Schema;
  readonly value: unknown;
  readonly path: string;
  readonly faults: Faults;
  /** Undefined takes the field away, so that its default holds. */
  readonly onChange: (value: unknown) => void;
}

/** The fields of an object, one below the other: a channel's settings, or a part of them. */
export function ObjectFields({ schema, value, path, faults, onChange }: Props & { readonly value: Settings }) {
  return (
    <>
      {Object.entries(schema.properties ?? {}).map(([name, property]) => (
        <SchemaField
          key={name} name={name} isRequired={schema.required?.includes(name) ?? false} schema={property} value={value[name]} path={path === '' ? name : `${path}.${name}`} faults={faults}
          onChange={(next) => {
            const { [name]: _, ...rest } = value;
            onChange(next === undefined ? rest : { ...rest, [name]: next });
          }}
        />
      ))}
    </>
  );
}

/** Where a field of a destination stands, by its path: what an error leads to. */
export const elementOf = (path: string): string => `destination-${path}`;

function SchemaField(props: Props & { readonly name: string; readonly isRequired: boolean }) {
  return <div id={elementOf(`settings.${props.path}`)}><Control {...props} /></div>;
}

function Control({ name, isRequired, ...props }: Props & { readonly name: string; readonly isRequired: boolean }) {
  const { schema, value, path, faults, onChange } = props;
  const t = useSay();
  const hint = hintOf(schema, isRequired, t(texts.optional), t(texts.usually));
  const error = faults.get(path);
  const common = { label: name, ...(hint !== '' && { hint }), error };
  if (schema.type === 'object' && schema.properties) {
    return <Group legend={name}><ObjectFields {...props} value={isSettings(value) ? value : {}} /></Group>;
  }
  const chosen = branches(schema);
  if (chosen) return <Branches {...props} name={name} by={chosen.by} options={chosen.options} />;
  if (schema.enum?.every((one) => typeof one === 'string')) {
    return <Select {...common} value={typeof value === 'string' ? value : typeof schema.default === 'string' ? schema.default : undefined} onChange={onChange} options={(schema.enum as string[]).map((one) => ({ value: one, label: one }))} />;
  }
  if (schema.type === 'boolean') return <Check label={name} isSelected={value === undefined ? schema.default === true : value === true} onChange={onChange} />;
  if (schema.type === 'string') return <Field {...common} value={typeof value === 'string' ? value : ''} onChange={(text) => { onChange(text === '' ? undefined : text); }} isRequired={isRequired} spellCheck="false" autoComplete="off" />;
  if (schema.type === 'integer' || schema.type === 'number') {
    return <Field {...common} value={typeof value === 'number' || typeof value === 'string' ? String(value) : ''} onChange={(text) => { onChange(numberOf(text)); }} isRequired={isRequired} inputMode="decimal" autoComplete="off" />;
  }
  if (schema.type === 'array' && schema.items?.enum?.every((one) => typeof one === 'string')) {
    const list: readonly unknown[] = Array.isArray(value) ? value : Array.isArray(schema.default) ? schema.default : [];
    return (
      <Group legend={name}>
        {(schema.items.enum as string[]).map((one) => <Check key={one} label={one} isSelected={list.includes(one)} onChange={(is) => { onChange(is ? [...list, one] : list.filter((other) => other !== one)); }} />)}
        {error !== undefined && <p className="field-error">{error}</p>}
      </Group>
    );
  }
  return <JsonField {...common} value={value} onChange={onChange} />;
}

/** One of several forms of the same thing, told apart by one property. */
function Branches({ name, by, options, schema, value, path, faults, onChange }: Props & { readonly name: string; readonly by: string; readonly options: readonly { readonly value: string; readonly schema: Schema }[] }) {
  const present = isSettings(value) ? value : {};
  const branch = options.find((option) => option.value === present[by]);
  const rest = branch && { ...branch.schema, properties: Object.fromEntries(Object.entries(branch.schema.properties ?? {}).filter(([property]) => property !== by)) };
  return (
    <Group legend={name}>
      <Select label={`${name}: ${by}`} value={branch?.value} onChange={(next) => { onChange({ [by]: next }); }} options={options.map((option) => ({ value: option.value, label: option.value }))} {...(schema.description !== undefined && { hint: schema.description })} error={faults.get(`${path}.${by}`) ?? faults.get(path)} />
      {rest && <ObjectFields schema={rest} value={present} path={path} faults={faults} onChange={onChange} />}
    </Group>
  );
}

/** What no field is made for, as JSON. What is none yet is sent as it was typed, and refused with its field. */
function JsonField({ value, onChange, ...told }: { readonly label: string; readonly hint?: string; readonly error: string | undefined; readonly value: unknown; readonly onChange: (value: unknown) => void }) {
  const t = useSay();
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2));
  return (
    <Field {...told} hint={[told.hint, t(texts.asJson)].filter(Boolean).join(' ')} long value={text} spellCheck="false" onChange={(next) => {
      setText(next);
      onChange(jsonOf(next));
    }} />
  );
}

function branches({ oneOf }: Schema): { by: string; options: { value: string; schema: Schema }[] } | undefined {
  const [first] = oneOf ?? [];
  const by = Object.keys(first?.properties ?? {}).find((name) => oneOf!.every(({ properties }) => namesOf(properties?.[name]).length > 0));
  return by === undefined ? undefined : { by, options: oneOf!.flatMap((schema) => namesOf(schema.properties?.[by]).map((value) => ({ value, schema }))) };
}

function namesOf(schema: Schema | undefined): string[] {
  return (schema?.const !== undefined ? [schema.const] : schema?.enum ?? []).filter((one) => typeof one === 'string');
}

function hintOf({ description, minimum, maximum, default: usual }: Schema, isRequired: boolean, optional: string, usually: string): string {
  const range = minimum !== undefined && maximum !== undefined ? `${minimum}–${maximum}` : undefined;
  const without = usual !== undefined && typeof usual !== 'object' ? `${usually} ${String(usual)}` : isRequired ? undefined : optional;
  return [description, range, without].filter((part) => part !== undefined).join(' · ');
}

const isSettings = (value: unknown): value is Settings => typeof value === 'object' && value !== null && !Array.isArray(value);

function numberOf(text: string): unknown {
  if (text.trim() === '') return undefined;
  const number = Number(text.replace(',', '.'));
  return Number.isFinite(number) ? number : text;
}

function jsonOf(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
