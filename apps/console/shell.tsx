import { Component, useEffect, useMemo, useState, type ComponentType, type ReactNode } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import type { Mode } from '#alerts/notice.js';
import { SessionWarning } from './account/session-warning.js';
import { useConnection } from './connection.js';
import { DESKS, MENU, type Desk, type DeskProps } from './desks.js';
import { Button } from './design/button.js';
import { Dialog } from './design/dialog.js';
import { Select } from './design/fields.js';
import { Notice } from './design/notice.js';
import { useFormat, useLanguage, useSay, type Language } from './language.js';
import { lazily } from './lazily.js';
import { Page } from './page.js';
import { useMay, useSession, type Session } from './session.js';
import { Start } from './start/start.js';
import { SignInForm } from './sign-in/sign-in-form.js';
import { texts } from './texts.js';
import { useWorld } from './world.js';

interface Address {
  readonly pattern: string;
  readonly mode: Mode;
  readonly desk: Desk;
  readonly View: ComponentType<DeskProps>;
}

const ADDRESSES: readonly Address[] = DESKS.flatMap((desk) => {
  const View = lazily(desk.load, Waiting, Missing);
  const at = (pattern: string, mode: Mode): Address => ({ pattern, mode, desk, View });
  return desk.within === 'mode' ? [at(`/drill${desk.path}`, 'drill'), at(`/live${desk.path}`, 'live')] : [at(desk.path, 'drill')];
});

/** What stands around every desk: the world it is in, the menu, the state of the connection, and who is signed in. */
export function Shell() {
  const t = useSay();
  const world = useWorld();
  const [path] = useLocation();
  const { session, ended, endCause } = useSession();
  return (
    <>
      <a className="skip" href="#main">{t(texts.skip)}</a>
      {world && <div className={`world ${world.mode}`} role="region" aria-label={t(world.name)}>{t(world.warning)}</div>}
      <Top session={session ?? undefined} />
      <Lost />
      <SessionWarning />
      <Trouble key={session?.officer.id ?? ''} at={path}>
          <Switch>
            <Route path="/"><Entrance action="session"><Start /></Entrance></Route>
            {ADDRESSES.map(({ pattern, mode, desk, View }) => (
              <Route key={pattern} path={pattern}>{(params) => <Entrance action={desk.action}><View mode={mode} params={params as Record<string, string>} /></Entrance>}</Route>
            ))}
            <Route><Page title={t(texts.nothingHere)}><p><Link href="/">{t(texts.toStart)}</Link></p></Page></Route>
          </Switch>
      </Trouble>
      <footer className="foot muted"><span>{t(texts.zone)}</span><Scheme /></footer>
      <Dialog title={t(texts.sessionEnded)} isOpen={ended} role="alertdialog">
        <p>{t(texts.endCauses[endCause as keyof typeof texts.endCauses] ?? texts.endCauses.unknown)} {t(texts.sessionEndedText)}</p>
        <SignInForm {...(session && { userName: session.officer.userName })} />
      </Dialog>
    </>
  );
}

function Waiting() {
  return <main id="main" className="page"><p role="status">{useSay()(texts.loading)}</p></main>;
}

/** A desk whose script did not come: the line is down. */
function Missing() {
  const t = useSay();
  return <Page title={t(texts.unloaded)}><Notice tone="warn" polite><p>{t(texts.unloadedText)}</p></Notice></Page>;
}

/** Lets in whom the desk is for; asks others to sign in, or says that it is not theirs. */
function Entrance({ action, children }: { readonly action: Desk['action']; readonly children: ReactNode }) {
  const t = useSay();
  const may = useMay();
  const { session } = useSession();
  if (action === 'anyone') return children;
  if (session === undefined) return <Waiting />;
  if (session === null) return <Page title={t(texts.signIn)}><div className="card narrow"><SignInForm /></div></Page>;
  if (action !== 'session' && !may(action)) return <Page title={t(texts.notYours)}><p>{t(texts.notYoursText)}</p><p><Link href="/">{t(texts.toStart)}</Link></p></Page>;
  return children;
}

function Top({ session }: { readonly session: Session | undefined }) {
  const t = useSay();
  const may = useMay();
  const world = useWorld();
  const [path] = useLocation();
  const { signOut } = useSession();
  const entries = session ? DESKS.flatMap((desk) => {
    const { menu, within, action } = desk;
    if (!menu || (within === 'mode' && !world) || !(action === 'anyone' || action === 'session' || may(action))) return [];
    return [{ href: within === 'mode' ? `/${world!.mode}${desk.path}` : desk.path, name: menu }];
  }) : [];
  return (
    <header className="top">
      <div className="bar">
        <Link className="brand" href="/">{t(texts.brand)}</Link>
        <nav aria-label={t(MENU)}>{entries.map(({ href, name }) => <Link key={href} href={href} {...((path === href || path.startsWith(`${href}/`)) && { 'aria-current': 'page' as const })}>{t(name)}</Link>)}</nav>
        <div className="who">
          <Languages />
          {session && <><span>{session.officer.displayName}</span><Button kind="quiet" onPress={() => void signOut()}>{t(texts.signOut)}</Button></>}
        </div>
      </div>
    </header>
  );
}

function Languages() {
  const t = useSay();
  const { language, setLanguage, names } = useLanguage();
  const options = (Object.keys(names) as Language[]).map((value) => ({ value, label: names[value] }));
  return <Select label={t(texts.language)} isLabelHidden value={language} onChange={setLanguage} options={options} />;
}

type SchemeName = 'system' | 'light' | 'dark';

function Scheme() {
  const t = useSay();
  const [scheme, setScheme] = useState<SchemeName>(storedScheme);
  useEffect(() => {
    if (scheme === 'system') delete document.documentElement.dataset['scheme'];
    else document.documentElement.dataset['scheme'] = scheme;
    try {
      localStorage.setItem('findme.scheme', scheme);
    } catch {
      // A browser that keeps nothing shows what the system prefers next time.
    }
  }, [scheme]);
  const options = useMemo(() => (['system', 'light', 'dark'] as const).map((value) => ({ value, label: t(texts.schemes[value]) })), [t]);
  return <Select label={t(texts.scheme)} isLabelHidden value={scheme} onChange={setScheme} options={options} />;
}

function storedScheme(): SchemeName {
  try {
    const kept = localStorage.getItem('findme.scheme');
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

/** Says, at once and until it is over, that the server does not answer. */
function Lost() {
  const t = useSay();
  const { time } = useFormat();
  const { state, since } = useConnection();
  return <div role="status" className="lost-place">{state === 'unreachable' && <p className="lost">{t(texts.lost(time(since)))}</p>}</div>;
}

/** A fault of a desk stays in the desk: the rest of the console goes on, and whoever goes to another address leaves it behind. */
class Trouble extends Component<{ readonly at: string; readonly children: ReactNode }, { readonly broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override componentDidUpdate({ at }: { readonly at: string }): void {
    if (this.state.broken && at !== this.props.at) this.setState({ broken: false });
  }

  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const t = useSay();
  return <Page title={t(texts.broken)}><Notice tone="bad"><p>{t(texts.brokenText)}</p></Notice><p><Button kind="primary" onPress={() => { window.location.reload(); }}>{t(texts.reload)}</Button></p></Page>;
}

