import { useEffect, useRef, type ReactNode } from 'react';

export type Tone = 'info' | 'ok' | 'warn' | 'bad';

/** Something to know, in a box. `polite` has it read out when it appears or changes. */
export function Notice({ tone = 'info', polite = false, children }: { readonly tone?: Tone; readonly polite?: boolean; readonly children: ReactNode }) {
  return <div className={`notice ${tone}`} {...(polite && { role: 'status' })}>{children}</div>;
}

/** A short state in words; the colour only repeats them. */
export function Badge({ tone, children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${tone ?? ''}`}>{children}</span>;
}

export interface Wrong {
  /** Id of the element to go to. */
  readonly target?: string;
  readonly message: string;
}

/** Every error of a form in one place, each a link to its field. Takes the focus when it appears, so that nobody must look for it. */
export function ErrorSummary({ title, wrongs }: { readonly title: string; readonly wrongs: readonly Wrong[] }) {
  const box = useRef<HTMLDivElement>(null);
  const shown = wrongs.length > 0;
  useEffect(() => {
    if (shown) box.current?.focus();
  }, [shown]);
  if (!shown) return null;
  return (
    <div ref={box} className="notice bad" role="alert" tabIndex={-1}>
      <h2>{title}</h2>
      <ul>{wrongs.map(({ target, message }) => <li key={`${target ?? ''} ${message}`}>{target === undefined ? message : <a href={`#${target}`} onClick={(event) => { event.preventDefault(); goTo(target); }}>{message}</a>}</li>)}</ul>
    </div>
  );
}

/** The element of a field by its path, or of the nearest thing around it; `idsOf` gives the ids that may stand for a path. */
export function elementNear(field: string, idsOf: (path: string) => readonly string[]): string | undefined {
  const steps = field.replace(/\[.*$/, '').split('.');
  return steps.flatMap((_, i) => idsOf(steps.slice(0, steps.length - i).join('.'))).find((id) => document.getElementById(id));
}

function goTo(id: string): void {
  const element = document.getElementById(id);
  // What only stands around a field hands the focus on.
  const field = element?.matches('[tabindex], input, textarea, button') ? element : element?.querySelector<HTMLElement>('input, textarea, button');
  field?.focus();
  field?.scrollIntoView({ block: 'center' });
}
