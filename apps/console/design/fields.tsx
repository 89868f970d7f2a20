import { useId, type ReactNode } from 'react';
import {
  Button, Checkbox as AriaCheckbox, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Radio, RadioGroup, Select as AriaSelect, SelectValue, Text, TextArea, TextField,
  type CheckboxProps, type TextFieldProps,
} from 'react-aria-components';

interface Told {
  readonly label: string;
  readonly hint?: string | undefined;
  /** The broken rule in words; its presence marks the field as wrong. */
  readonly error?: string | undefined;
}

export interface TextProps extends Omit<TextFieldProps, 'className' | 'style' | 'children' | 'isInvalid'>, Told {
  /** More than one line. */
  readonly long?: boolean;
  /** Language of what is typed, for spelling and screen readers. */
  readonly language?: string;
  /** Things beside the field, such as what is left of its length. */
  readonly after?: ReactNode;
}

/** A field for text with its label above, its hint, and its error named below and tied to it. */
export function Field({ label, hint, error, long = false, language, after, ...rest }: TextProps) {
  return (
    <TextField {...rest} className="field" isInvalid={error !== undefined} validationBehavior="aria">
      <Label>{label}</Label>
      {hint !== undefined && <Text slot="description" className="hint">{hint}</Text>}
      {long ? <TextArea lang={language} /> : <Input lang={language} />}
      <FieldError className="field-error">{error}</FieldError>
      {after}
    </TextField>
  );
}

export interface Option<V extends string> {
  readonly value: V;
  readonly label: string;
}

/** One of a few, all in sight. */
export function Choice<V extends string>({ label, hint, error, value, onChange, options, isDisabled = false, id }: Told & {
  readonly value: V | undefined; readonly onChange: (value: V) => void; readonly options: readonly Option<V>[]; readonly isDisabled?: boolean; readonly id?: string;
}) {
  return (
    <RadioGroup {...(id !== undefined && { id })} className="group field" value={value ?? null} onChange={(chosen) => { onChange(chosen as V); }} isInvalid={error !== undefined} isDisabled={isDisabled} validationBehavior="aria">
      <Label className="label">{label}</Label>
      {hint !== undefined && <Text slot="description" className="hint">{hint}</Text>}
      {options.map((option) => (
        <Radio key={option.value} value={option.value} className="choice radio">
          {({ isSelected }) => <><span className="mark" aria-hidden="true">{isSelected ? '●' : ''}</span><span>{option.label}</span></>}
        </Radio>
      ))}
      <FieldError className="field-error">{error}</FieldError>
    </RadioGroup>
  );
}

/** Yes or no. */
export function Check({ label, ...rest }: Omit<CheckboxProps, 'className' | 'style' | 'children'> & { readonly label: ReactNode }) {
  return (
    <AriaCheckbox {...rest} className="choice">
      {({ isSelected }) => <><span className="mark" aria-hidden="true">{isSelected ? '✓' : ''}</span><span>{label}</span></>}
    </AriaCheckbox>
  );
}

/** One of many, in a list that opens. */
export function Select<V extends string>({ label, hint, error, value, onChange, options, isLabelHidden = false, placeholder = '–' }: Told & {
  readonly value: V | undefined; readonly onChange: (value: V) => void; readonly options: readonly Option<V>[]; readonly isLabelHidden?: boolean; readonly placeholder?: string;
}) {
  return (
    <AriaSelect className="field" value={value ?? null} onChange={(chosen) => { onChange(chosen as V); }} isInvalid={error !== undefined} placeholder={placeholder} validationBehavior="aria">
      <Label className={isLabelHidden ? 'visually-hidden' : 'label'}>{label}</Label>
      {hint !== undefined && <Text slot="description" className="hint">{hint}</Text>}
      <Button className="select-button"><SelectValue /><span aria-hidden="true">▾</span></Button>
      <FieldError className="field-error">{error}</FieldError>
      <Popover className="popover">
        <ListBox>{options.map((option) => <ListBoxItem key={option.value} id={option.value} textValue={option.label} className="option">{option.label}</ListBoxItem>)}</ListBox>
      </Popover>
    </AriaSelect>
  );
}

/** Fields that belong together, under one legend. */
export function Group({ legend, children }: { readonly legend: string; readonly children: ReactNode }) {
  const id = useId();
  return <section className="stack" role="group" aria-labelledby={id}><h3 id={id}>{legend}</h3>{children}</section>;
}
