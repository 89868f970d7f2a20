import { LinkButton } from '../design/button.js';
import { Badge, Notice } from '../design/notice.js';
import { channelLabel } from '../facts/words.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { useOwn } from './own.js';
import { texts } from './texts.js';

/** Where a partner's technician begins: the destinations of the account, those of drills and live ones apart. */
export default function Partner() {
  const t = useSay();
  const { data, error } = useOwn();
  return (
    <Page title={t(texts.title)}>
      <p>{t(texts.intro)}</p>
      {error && !data && <Notice tone="warn"><p>{t(texts.failed)}</p></Notice>}
      {data?.items.length === 0 && <Notice><p>{t(texts.none)}</p></Notice>}
      {(['drill', 'live'] as const).map((mode) => {
        const items = data?.items.filter((item) => item.mode === mode) ?? [];
        return items.length > 0 && (
          <section key={mode} className="stack" aria-labelledby={`partner-${mode}`}>
            <h2 id={`partner-${mode}`}>{t(texts[mode])}</h2>
            <ul className="partner-list">{items.map(({ id, name, channel, routes, openErasures }) => {
              const broken = routes.some(({ breaker }) => breaker === 'open');
              return (
                <li key={id} className="card stack">
                  <h3>{name}</h3>
                  <div className="row">
                    <span className="muted">{t(texts.channel)}: {channelLabel(channel, t)}</span>
                    <Badge tone={broken ? 'bad' : 'ok'}>{t(broken ? texts.breakers['open']! : texts.breakers['closed']!)}</Badge>
                    {openErasures > 0 && <Badge tone="warn">{t(texts.toErase)}: {openErasures}</Badge>}
                  </div>
                  <div><LinkButton kind="primary" href={`/${mode}/partner/${id}`} aria-label={t(texts.openNamed(name))}>{t(texts.open)}</LinkButton></div>
                </li>
              );
            })}</ul>
          </section>
        );
      })}
    </Page>
  );
}
