import type { ShownPartner } from '#apps/api/board.controller.js';
import { channelName, KIND_NAMES, outcomeName, reasonName, STANDING_NAMES } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { ORDER } from './counts.js';
import { texts } from './texts.js';

/** Everything that is known of a partner: each message to it, its routes, its slots, its erasure. */
export function PartnerDetails({ partner }: { readonly partner: ShownPartner }) {
  const t = useSay();
  const { timeToSecond, dateTime, duration, number } = useFormat();
  const { messages, routes, reach, airing, erasure } = partner;
  return (
    <dl className="board-details">
      {messages.map((message) => (
        <div key={message.revision}>
          <dt>{t(KIND_NAMES[message.kind as keyof typeof KIND_NAMES])} ({message.revision})</dt>
          <dd>
            <p>{ORDER.filter((standing) => message.parts[standing]).map((standing) => `${number(message.parts[standing]!)} ${t(STANDING_NAMES[standing])}`).join(' · ')}</p>
            <p>
              {t(texts.attempts(message.attempts))}{message.outcome && <> · {t(outcomeName(message.outcome))}</>}{message.reason && <> · {t(reasonName(message.reason))}</>}
              {message.acceptedAt && <> · {timeToSecond(message.acceptedAt)}</>}{message.msToAcceptance !== null && <> ({duration(message.msToAcceptance)})</>}
            </p>
            {message.receipts.expected > 0 && <p>{t(texts.receipts(number(message.receipts.confirmed), number(message.receipts.expected), number(message.receipts.failed)))}</p>}
            {message.moved && <p>{timeToSecond(message.moved.at)}: {t(texts.moved(message.moved.from + 1, message.moved.to + 1))} ({t(reasonName(message.moved.reason))})</p>}
          </dd>
        </div>
      ))}
      <div>
        <dt>{t(texts.way)}</dt>
        <dd>{routes.map(({ channel, breaker, since }, n) => (
          <p key={n}>{t(texts.route(n + 1, routes.length))}: {t(channelName(channel))}, {t(breaker === 'closed' ? texts.breakerClosed : texts.breakerOpen)}{since && <> {t(texts.breakerSince(dateTime(since)))}</>}</p>
        ))}</dd>
      </div>
      {reach && (reach.parts.total > 1 || reach.people.taken > 0) && (
        <div><dt>{t(texts.reached)}</dt><dd>
          <p>{t(texts.parts(reach.parts.accepted, reach.parts.total))} · {t(texts.people(number(reach.people.taken), reach.people.total === null ? undefined : number(reach.people.total)))}</p>
        </dd></div>
      )}
      {airing && (
        <div><dt>{t(texts.airing)}</dt><dd>
          <p>{[texts.aired(airing.aired), texts.late(airing.late), texts.missed(airing.missed), texts.due(airing.due)].map((text) => t(text)).join(' · ')}{airing.lastAiredAt && <> · {dateTime(airing.lastAiredAt)}</>}</p>
        </dd></div>
      )}
      {erasure && <div><dt>{t(texts.erasure)}</dt><dd><p>{t(erasure.confirmedAt ? texts.erased(dateTime(erasure.confirmedAt)) : texts.notErased(dateTime(erasure.dueAt)))}</p></dd></div>}
    </dl>
  );
}
