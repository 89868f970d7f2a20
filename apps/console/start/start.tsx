import { LinkButton } from '../design/button.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { useMay } from '../session.js';
import { texts } from './texts.js';

/** Drill or live: chosen with open eyes, never by default. */
export default function Start() {
  const t = useSay();
  const may = useMay();
  // A partner's destinations say themselves which world they are of.
  if (may('partner.own')) return <Page title={t(texts.title)}><section className="card stack"><p>{t(texts.partnerText)}</p><div><LinkButton kind="primary" href="/partner">{t(texts.enterPartner)}</LinkButton></div></section></Page>;
  return (
    <Page title={t(texts.title)}>
      <div className="worlds">
        <section className="card drill"><h2>{t(texts.drill)}</h2><p>{t(texts.drillText)}</p><LinkButton kind="primary" href="/drill/alerts">{t(texts.enterDrill)}</LinkButton></section>
        <section className="card live"><h2>{t(texts.live)}</h2><p>{t(texts.liveText)}</p><LinkButton kind="danger" href="/live/alerts">{t(texts.enterLive)}</LinkButton></section>
      </div>
    </Page>
  );
}
