import { useState } from 'react';
import type { ShownBoard, ShownPartner } from '#apps/api/board.controller.js';
import { Button } from '../design/button.js';
import { Badge } from '../design/notice.js';
import { Table } from '../design/table.js';
import { channelName, reasonName, STANDING_NAMES, STANDING_SIGNS } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { Bar } from './bar.js';
import { byChannel, countPartners, messageTo, needsAnEye, total } from './counts.js';
import { PartnerDetails } from './partner-details.js';
import { texts } from './texts.js';
import { useTick } from './use-board.js';

/** So many partners are shown at once; of more, first those that need an eye. */
const FEW = 12;

/** Every channel with a line that sums it up, and its partners below. */
export function Channels({ board, now }: { readonly board: ShownBoard; readonly now: number }) {
  const t = useSay();
  const revision = board.messages[0]?.revision;
  return (
    <section aria-labelledby="board-channels" className="stack">
      <h2 id="board-channels">{t(texts.channels)}</h2>
      {byChannel(board).map(([channel, partners]) => <Channel key={channel} channel={channel} partners={partners} revision={revision} now={now} />)}
    </section>
  );
}

function Channel({ channel, partners, revision, now }: { readonly channel: string; readonly partners: readonly ShownPartner[]; readonly revision: number | undefined; readonly now: number }) {
  const t = useSay();
  const [isWhole, setWhole] = useState(partners.length <= FEW);
  const trouble = partners.filter(needsAnEye);
  const shown = isWhole ? partners : trouble;
  const id = `board-channel-${channel}`;
  return (
    <section className="card board-channel" aria-labelledby={id}>
      <header><h3 id={id}>{t(channelName(channel))} <span className="muted">{t(texts.partners(partners.length))}</span></h3><Bar counts={countPartners(partners, revision)} /></header>
      {!isWhole && trouble.length === 0 && <p className="muted">{t(texts.noTrouble)}</p>}
      {shown.length > 0 && (
        // A table that does not fit is scrolled, by keyboard too.
        <Table labelledBy={id} head={[t(texts.partner), t(texts.standing), t(texts.took), t(texts.reached), t(texts.next), t(texts.way)]} className="board-partners" grouped>
          {shown.map((partner) => <Partner key={partner.destination} partner={partner} revision={revision} now={now} />)}
        </Table>
      )}
      {partners.length > FEW && <p className="no-print"><Button kind="quiet" aria-expanded={isWhole} onPress={() => { setWhole(!isWhole); }}>{t(isWhole ? texts.showFew : texts.showAll(partners.length))}</Button></p>}
    </section>
  );
}

function Partner({ partner, revision, now }: { readonly partner: ShownPartner; readonly revision: number | undefined; readonly now: number }) {
  const t = useSay();
  const { duration } = useFormat();
  const tick = useTick();
  const [isOpen, setOpen] = useState(false);
  const message = revision === undefined ? undefined : messageTo(partner, revision);
  const id = `board-partner-${partner.destination}`;
  const wait = message?.nextAttemptAt ? Date.parse(message.nextAttemptAt) - now : undefined;
  return (
    <tbody className={message ? `board-row-${message.standing}` : ''}>
      <tr>
        <th scope="row">
          <Button kind="quiet" aria-expanded={isOpen} aria-controls={id} onPress={() => { setOpen(!isOpen); }}><span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {partner.name}</Button>
          {!partner.isConfigured && <p className="board-note">{t(texts.notConfigured)}</p>}
        </th>
        <td>
          {message ? <span className={`board-standing board-word-${message.standing}`}><span aria-hidden="true">{STANDING_SIGNS[message.standing]} </span>{t(STANDING_NAMES[message.standing])}</span> : <span className="muted">{t(texts.notTold)}</span>}
          {message?.reason && message.standing !== 'confirmed' && message.standing !== 'accepted' && <p className="board-note">{t(reasonName(message.reason))}</p>}
        </td>
        <td className="board-figure">{message?.msToAcceptance !== null && message?.msToAcceptance !== undefined && duration(message.msToAcceptance)}</td>
        <td><Reached partner={partner} /></td>
        <td className="board-figure">{wait !== undefined && t(wait > 0 ? texts.nextIn(tick(wait + 999)) : texts.nextNow)}{message && message.attempts > total(message.parts) && <p className="board-note">{t(texts.attempts(message.attempts))}</p>}</td>
        <td><Way partner={partner} route={message?.route ?? 0} /></td>
      </tr>
      {isOpen && <tr id={id}><td colSpan={6}><PartnerDetails partner={partner} /></td></tr>}
    </tbody>
  );
}

/** How far the newest message has come with a long audience, or how its slots were kept. */
function Reached({ partner: { reach, airing } }: { readonly partner: ShownPartner }) {
  const t = useSay();
  const { number, time } = useFormat();
  const isLong = reach !== null && (reach.parts.total > 1 || reach.people.taken > 0 || reach.people.total !== null);
  return (
    <>
      {isLong && (
        <>
          <p className="board-note"><b>{t(texts.percent(number(reach.percent / 100, { style: 'percent', maximumFractionDigits: 1 })))}</b>{reach.perSecond !== null && <> · {t(texts.rate(number(reach.perSecond)))}</>}</p>
          {reach.lastSubscriberAt && <p className="board-note">{t(reach.isEstimate ? texts.lastWillHave(time(reach.lastSubscriberAt)) : texts.lastHas(time(reach.lastSubscriberAt)))}</p>}
        </>
      )}
      {airing && <p className="board-note">{[texts.aired(airing.aired), ...(airing.late > 0 ? [texts.late(airing.late)] : []), ...(airing.missed > 0 ? [texts.missed(airing.missed)] : []), ...(airing.due > 0 ? [texts.due(airing.due)] : [])].map((text) => t(text)).join(' · ')}</p>}
    </>
  );
}

/** The route in use, and whether its line is well. */
function Way({ partner: { routes, messages }, route }: { readonly partner: ShownPartner; readonly route: number }) {
  const t = useSay();
  const moved = messages[0]?.moved;
  return (
    <>
      {routes.length > 1 && <p className="board-note">{t(texts.route(route + 1, routes.length))}: {t(channelName(routes[route]?.channel ?? ''))}</p>}
      {moved && <p className="board-note">{t(texts.moved(moved.from + 1, moved.to + 1))}: {t(reasonName(moved.reason))}</p>}
      {routes[route] && routes[route].breaker !== 'closed' && <Badge tone="bad">⚡ {t(texts.breakerOpen)}</Badge>}
    </>
  );
}
