import { useEffect, useRef, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { say, useSay } from './language.js';
import { useWorld } from './world.js';

const BRAND = say('Pronađi me', 'Пронађи ме', 'Find Me');

/** A page of a desk: its heading, the title of the tab, and the focus on the heading whenever it is gone to. */
export function Page({ title, count = 0, aside, children }: {
  readonly title: string;
  /** How many things wait here; stands in front of the tab's title. */
  readonly count?: number;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  const t = useSay();
  const world = useWorld();
  const heading = useRef<HTMLHeadingElement>(null);
  const [path] = useLocation();
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ''}${world ? `${t(world.name)} · ` : ''}${title} – ${t(BRAND)}`;
  });
  useEffect(() => { heading.current?.focus(); }, [path]);
  return (
    <main id="main" className="page" tabIndex={-1}>
      <header><h1 ref={heading} tabIndex={-1}>{title}</h1>{aside}</header>
      {children}
    </main>
  );
}
