import { Redirect } from 'wouter';
import { DESKS } from '../desks.js';
import { LinkButton } from '../design/button.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { useMay } from '../session.js';
import { texts } from './texts.js';

/** Drill or live: chosen with open eyes, never by default. Whoever works in neither goes straight to their own desk. */
export function Start() {
  const t = useSay();
  const may = useMay();
  const own = DESKS.flatMap(({ within, path, action, menu }) => (within === 'none' && menu && action !== 'session' && action !== 'anyone' && may(action) ? [{ path, menu }] : []));
  if (!may('alert.read') && own[0]) return <Redirect to={own[0].path} replace />;
  return (
    <Page title={t(texts.title)}>
      <div className="worlds">
        <section className="card drill"><h2>{t(texts.drill)}</h2><p>{t(texts.drillText)}</p><LinkButton kind="primary" href="/drill/alerts">{t(texts.enterDrill)}</LinkButton></section>
        <section className="card live"><h2>{t(texts.live)}</h2><p>{t(texts.liveText)}</p><LinkButton kind="danger" href="/live/alerts">{t(texts.enterLive)}</LinkButton></section>
      </div>
      {own.length > 0 && <p className="row">{own.map(({ path, menu }) => <LinkButton key={path} href={path}>{t(menu)}</LinkButton>)}</p>}
    </Page>
  );
}
