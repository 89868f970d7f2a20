import { useMemo, useState } from 'react';
import type { ShownBoard } from '#apps/api/board.controller.js';
import { Refused } from '../api.js';
import type { DeskProps } from '../desks.js';
import { Button } from '../design/button.js';
import { Badge, Notice } from '../design/notice.js';
import { KIND_NAMES, STATUS_NAMES } from '../facts/words.js';
import type { Names } from '../facts/sentences.js';
import { useFormat, useSay } from '../language.js';
import { Page } from '../page.js';
import { useMay } from '../session.js';
import { Bar } from './bar.js';
import { Channels } from './channels.js';
import { countPartners, needsAnEye } from './counts.js';
import { DeadLetters } from './dead-letters.js';
import { End } from './end.js';
import { Revise } from './revise.js';
import { texts } from './texts.js';
import { Timeline } from './timeline.js';
import { useBoard, useTick, type WatchedBoard } from './use-board.js';

/** The fan-out board: an alert on its way to every partner, live, and the two decisions that end it. */
export default function Board({ mode, params }: DeskProps) {
  const t = useSay();
  const id = params['id'] ?? '';
  const [news, setNews] = useState(0);
  const watched = useBoard(mode, id, () => { setNews((n) => n + 1); });
  const { board, error } = watched;
  if (!board) {
    const isMissing = error instanceof Refused && error.code === 'ALERT_MISSING';
    return <Page title={t(texts.menu)}>{error ? <Notice tone="bad" polite><p>{t(isMissing ? texts.missing : texts.failed)}</p></Notice> : <p role="status">{t(texts.loading)}</p>}</Page>;
  }
  return <Shown watched={watched} board={board} news={news} />;
}

function Shown({ watched, board, news }: { readonly watched: WatchedBoard; readonly board: ShownBoard; readonly news: number }) {
  const t = useSay();
  const may = useMay();
  const { alert, partners, messages, officers } = board;
  const { mode, id, status } = alert;
  const newest = messages[0];
  const names = useMemo((): Names => {
    const people = new Map(officers.map((officer) => [officer.id, officer.displayName]));
    const places = new Map(partners.map((partner) => [partner.destination, partner.name]));
    return { officer: (officer) => people.get(officer), destination: (destination) => places.get(destination) };
  }, [officers, partners]);
  const trouble = partners.filter(needsAnEye).length;
  const isActive = status === 'active';
  return (
    <Page title={t(texts.title(alert.caseNumber || t(texts.noCaseNumber)))} count={board.deadLetters.total} aside={<Freshness watched={watched} />}>
      <Stale watched={watched} />
      <section className="card board-head" aria-label={t(texts.status)}>
        <div className="board-state">
          <p className="row"><Badge tone={isActive ? 'info' : 'ok'}>{t(STATUS_NAMES[status])}</Badge>{newest && <b>{t(KIND_NAMES[newest.kind as keyof typeof KIND_NAMES])}</b>}</p>
          {newest ? <Times watched={watched} board={board} /> : <p>{t(texts.notSent)}</p>}
        </div>
        <div className="board-acts no-print">
          {isActive && may('alert.end') && <End mode={mode} id={id} holders={partners.filter(({ messages: own }) => own.length > 0).length} onDone={watched.look} />}
          <div className="row">
            {isActive && may('alert.write') && <Revise board={board} onDone={watched.look} />}
            <Button kind="quiet" onPress={() => { window.print(); }}>{t(texts.print)}</Button>
          </div>
        </div>
      </section>
      {newest && (
        <section className="card" aria-labelledby="board-summary">
          <h2 id="board-summary">{t(texts.partners(partners.length))}</h2>
          <Bar counts={countPartners(partners, newest.revision)} />
          <p role="status" className={trouble > 0 ? 'board-trouble' : ''}>{trouble > 0 ? <><span aria-hidden="true">▲ </span>{t(texts.trouble(trouble))}</> : t(texts.allWell)}</p>
        </section>
      )}
      <DeadLetters letters={board.deadLetters} names={names} onDone={watched.look} />
      <Channels board={board} now={watched.now} />
      <Erasures board={board} />
      <Timeline mode={mode} id={id} names={names} news={news} />
    </Page>
  );
}

/** When what is shown was read, small while it is fresh. */
function Freshness({ watched: { readAt, here, stale } }: { readonly watched: WatchedBoard }) {
  const t = useSay();
  const { timeToSecond } = useFormat();
  const tick = useTick();
  if (stale) return null;
  return <p className="muted">{t(texts.asOf(timeToSecond(readAt), tick(here - readAt)))}</p>;
}

/** Said loudly and once: what is shown may be behind. The age counts on for those who look. */
function Stale({ watched: { readAt, here, stale } }: { readonly watched: WatchedBoard }) {
  const t = useSay();
  const { timeToSecond } = useFormat();
  const tick = useTick();
  return (
    <>
      <p role="status" className="visually-hidden">{stale && t(texts.staleWhy[stale])}</p>
      {stale && (
        <div className="board-stale">
          <p><b>{t(texts.stale(timeToSecond(readAt), tick(here - readAt)))}</b></p>
          <p>{t(texts.staleWhy[stale])}</p>
        </div>
      )}
    </>
  );
}

/** The newest message: when it was decided, who had it first and last, and how long that took. */
function Times({ watched, board: { messages, alert } }: { readonly watched: WatchedBoard; readonly board: ShownBoard }) {
  const t = useSay();
  const { timeToSecond, dateTime, duration } = useFormat();
  const tick = useTick();
  const newest = messages[0]!;
  const isEnding = newest.kind !== 'alert' && newest.kind !== 'update';
  const isWhole = newest.plannedAt !== null && newest.accepted === newest.partners;
  return (
    <>
      {isEnding && (
        <p className="board-withdrawal">
          <b>{t(texts.timeToWithdraw)}: </b>
          {newest.plannedAt === null ? t(texts.notPlanned) : newest.partners === 0 ? t(texts.toNobody)
            : isWhole && newest.msToLast !== null ? t(texts.withdrawnAll(duration(newest.msToLast))) : t(texts.withdrawing(newest.accepted, newest.partners))}
        </p>
      )}
      <dl className="board-times">
        <div><dt>{t(isEnding ? texts.decidedAt : texts.approvedAt)}</dt><dd>{timeToSecond(newest.decidedAt)} · <span className="board-tick">{t(texts.ago(tick(watched.now - Date.parse(newest.decidedAt))))}</span></dd></div>
        <div><dt>{t(texts.accepted)}</dt><dd>{t(newest.plannedAt === null ? texts.notPlanned : texts.acceptedBy(newest.accepted, newest.partners))}</dd></div>
        {newest.firstAcceptedAt && <div><dt>{t(texts.first)}</dt><dd>{timeToSecond(newest.firstAcceptedAt)} {newest.msToFirst !== null && t(texts.after(duration(newest.msToFirst)))}</dd></div>}
        {newest.lastAcceptedAt && <div><dt>{t(isWhole ? texts.last : texts.lastSoFar)}</dt><dd>{timeToSecond(newest.lastAcceptedAt)} {newest.msToLast !== null && t(texts.after(duration(newest.msToLast)))}</dd></div>}
        {alert.status === 'active' && alert.expiresAt && <div><dt>{t(texts.expires)}</dt><dd>{dateTime(alert.expiresAt)} {t(texts.left(tick(Date.parse(alert.expiresAt) - watched.now)))}</dd></div>}
      </dl>
    </>
  );
}

/** Who was asked to erase the child's data, and who has not said that it did. */
function Erasures({ board: { partners } }: { readonly board: ShownBoard }) {
  const t = useSay();
  const { dateTime } = useFormat();
  const asked = partners.flatMap(({ name, destination, erasure }) => (erasure ? [{ name, destination, ...erasure }] : []));
  if (asked.length === 0) return null;
  const open = asked.filter(({ confirmedAt }) => confirmedAt === null);
  return (
    <section className="card" aria-labelledby="board-erasures">
      <h2 id="board-erasures">{t(texts.erasuresTitle)}</h2>
      <p>{t(texts.erasures(asked.length - open.length, asked.length))}</p>
      {open.length > 0 && <p>{t(texts.stillOpen)}</p>}
      {open.length > 0 && (
        <ul className="board-names">
          {open.map(({ destination, name, dueAt, overdue }) => <li key={destination}>{name} <span className="muted">{t(texts.notErased(dateTime(dueAt)))}</span>{overdue && <> <Badge tone="bad">{t(texts.overdue)}</Badge></>}</li>)}
        </ul>
      )}
    </section>
  );
}
