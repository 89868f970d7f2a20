import { LinkButton } from '../design/button.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { texts } from './texts.js';

/** Drill or live: chosen with open eyes, never by default. */
export default function Start() {
  const t = useSay();
  return (
    <Page title={t(texts.title)}>
      <div className="worlds">
        <section className="card drill"><h2>{t(texts.drill)}</h2><p>{t(texts.drillText)}</p><LinkButton kind="primary" href="/drill/alerts">{t(texts.enterDrill)}</LinkButton></section>
        <section className="card live"><h2>{t(texts.live)}</h2><p>{t(texts.liveText)}</p><LinkButton kind="danger" href="/live/alerts">{t(texts.enterLive)}</LinkButton></section>
      </div>
    </Page>
  );
}
