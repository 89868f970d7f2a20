import { auditPublicKeys } from '#apps/audit-keys.js';
import type { House } from '#apps/composition.js';
import type { Language, Wording } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { exportSelection } from '#audit/export.js';
import type { Checkpoint } from '#audit/checkpoint.js';
import type { FactType } from '#audit/fact.js';
import { FACT_NAMES } from '#audit/fact-names.js';
import type { Compliance } from '#dispatch/airing.js';
import type { Officer } from '#identity/officer.js';
import { canonicalJson } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import { AuditSearch, type FactFilter } from '#storage/audit-search.js';
import { PgAuditStore } from '#storage/audit-store.js';
import { AuditTimes } from '#storage/audit-times.js';
import { AuditViews, type AuditedAlert, type TimelineEntry } from '#storage/audit-views.js';
import { PgOfficerStore } from '#storage/officer-store.js';
import { selectionOf } from '../audit-queries.js';
import { Sheet } from './sheet.js';
import { OUTCOME_WORDS, REPORT_WORDS as W, STATUS_WORDS } from './words.js';

/** More than this is for the export: the facts of a report are attached to it, in memory. */
const MOST_FACTS = 50_000;
const MOST_ALERTS = 500;
const MOST_LINES = 3_000;

export interface ReportAsked {
  readonly filter: FactFilter;
  readonly language: Language;
  readonly by: Officer;
  /** Writes down that the report is made; the checkpoint is signed after that. */
  readonly note: (facts: number, lastSeq: number) => Promise<void>;
}

/**
 * Writes the report of one alert, or of a mode between two times, as PDF: key times, airing, speed, timeline, and the signed
 * checkpoint that covers all of it, printed and attached with the facts and the keys. Throws ALERT_MISSING, and REQUEST_INVALID
 * when it would be about more facts than fit.
 */
export async function writeReport(house: House, { filter, language, by, note }: ReportAsked): Promise<{ readonly pdf: Buffer; readonly name: string }> {
  const { source, clock, secret } = house;
  const [store, search, views] = [new PgAuditStore(source), new AuditSearch(source), new AuditViews(source)];
  const alert = filter.alert === undefined ? undefined : await views.alert(filter.alert);
  const { seq } = await store.head();
  const facts = await search.count(filter, seq);
  if (facts > MOST_FACTS) throw fail('REQUEST_INVALID', 'query.from', `A report is about ${MOST_FACTS} facts at most; these are ${facts}. Export them, or take a shorter time.`);
  await note(facts, seq);
  const checkpoint = await covering(house, store, seq);
  const keys = auditPublicKeys(secret);
  const at = clock.now();

  const t = (words: Wording): string => words[language];
  const names = new Map((await new PgOfficerStore(source).list()).map(({ id, displayName }) => [id as string, displayName]));
  const mode: Mode = alert?.mode ?? filter.mode ?? 'drill';
  const about = alert ? `${t(W.ofAlert)} ${alert.id}` : `${t(W.ofPeriod)} ${clockTime(filter.from!)} – ${clockTime(filter.to!)}`;
  const sheet = new Sheet({ title: t(W.title), subject: about, author: t(W.system), language, at });
  sheet.heading(`${t(W.title)} · ${t(W[mode])}`, 1);
  sheet.pairs([[alert ? t(W.ofAlert) : t(W.ofPeriod), alert ? alert.id : `${clockTime(filter.from!)} – ${clockTime(filter.to!)}`], [t(W.made), clockTime(at)], [t(W.madeBy), by.displayName], [t(W.facts), String(facts)]]);

  if (alert) {
    sheet.heading(t(W.times));
    sheet.pairs(keyTimes(alert, t));
  } else {
    const { items } = await views.alerts({ mode, from: filter.from!, to: filter.to! }, { limit: MOST_ALERTS });
    sheet.heading(t(W.alerts));
    if (items.length === 0) sheet.paragraph(t(W.nothing));
    else {
      sheet.table(
        [{ title: t(W.ofAlert), share: 3 }, { title: t(W.status), share: 2 }, { title: t(W.approved), share: 2.5 }, { title: t(W.firstAccepted), share: 2.5 }, { title: t(W.lastAccepted), share: 2.5 }, { title: t(W.ended), share: 2.5 }],
        items.map((one) => [one.id, statusOf(one, t), clockTime(one.approvedAt), clockTime(one.firstAcceptedAt), clockTime(one.lastAcceptedAt), clockTime(one.endedAt)]));
    }
  }
  writeAiring(sheet, t, await views.compliance({ mode, ...(alert && { alert: alert.id }), ...(filter.from && { from: filter.from }), ...(filter.to && { to: filter.to }) }));
  if (!alert) await writeSpeed(sheet, t, new AuditTimes(source), { mode, from: filter.from!, to: filter.to! });
  if (alert) await writeTimeline(sheet, t, views, alert, names);
  writeCheckpoint(sheet, t, checkpoint);

  let lines = '';
  for await (const line of exportSelection(search.stream(filter, seq), selectionOf(filter)!, [checkpoint], keys)) lines += line;
  sheet.attach({ name: 'checkpoint.json', type: 'application/json', description: t(W.checkpoint), text: `${canonicalJson(checkpoint)}\n` }, at);
  sheet.attach({ name: 'facts.jsonl', type: 'application/jsonl', description: t(W.facts), text: lines }, at);
  sheet.attach({ name: 'keys.pem', type: 'application/x-pem-file', description: t(W.keyId), text: keys.join('') }, at);
  const pdf = await sheet.finish((page, of) => `${t(W.system)} · ${t(W[mode])} · ${about} · ${t(W.page)} ${page}/${of}`);
  return { pdf, name: `findme-report-${alert ? alert.id : `${mode}-${filter.from!.toISOString().slice(0, 10)}`}.pdf` };
}

/** The first checkpoint that covers a place; signed now where there is none yet. */
async function covering({ secret, clock }: House, store: PgAuditStore, seq: number): Promise<Checkpoint> {
  const found = await store.covering(seq) ?? await store.checkpoint(secret('audit-signing-key'), clock.now()) ?? await store.covering(seq);
  if (!found) throw new Error('a checkpoint was neither there nor made');
  return found;
}

type Say = (words: Wording) => string;

function keyTimes(alert: AuditedAlert, t: Say): (readonly [string, string])[] {
  return [
    ...(alert.caseNumber === null ? [] : [[t(W.caseNumber), alert.caseNumber] as const]),
    [t(W.status), statusOf(alert, t)], [t(W.created), clockTime(alert.createdAt)], [t(W.approved), clockTime(alert.approvedAt)],
    [t(W.firstAccepted), clockTime(alert.firstAcceptedAt)], [t(W.lastAccepted), clockTime(alert.lastAcceptedAt)], [t(W.accepted), `${alert.accepted} / ${alert.deliveries}`],
    [t(W.ended), clockTime(alert.endedAt)], [t(W.lastEnded), clockTime(alert.lastEndAcceptedAt)], [t(W.erased), clockTime(alert.erasedAt)],
    [t(W.erasures), `${alert.erasures.confirmed} / ${alert.erasures.asked}`],
  ];
}

function writeAiring(sheet: Sheet, t: Say, compliance: readonly Compliance[]): void {
  sheet.heading(t(W.airing));
  if (compliance.length === 0) return sheet.paragraph(t(W.nothing));
  sheet.table(
    [{ title: t(W.broadcaster), share: 4 }, ...[W.aired, W.late, W.missed, W.share].map((words) => ({ title: t(words), share: 1.5, right: true }))],
    compliance.map((one) => [one.destination, String(one.aired), String(one.late), String(one.missed), one.inTime === null ? '–' : `${Math.round(one.inTime * 100)} %`]));
}

async function writeSpeed(sheet: Sheet, t: Say, times: AuditTimes, period: { readonly mode: Mode; readonly from: Date; readonly to: Date }): Promise<void> {
  const channels = await times.byChannel(period);
  sheet.heading(t(W.speed));
  if (channels.length === 0) return sheet.paragraph(t(W.nothing));
  sheet.table(
    [{ title: t(W.channel), share: 3 }, { title: t(W.what), share: 3 }, ...[W.count, W.median, W.p95, W.max].map((words) => ({ title: t(words), share: 1.5, right: true }))],
    channels.map((one) => [one.channel, t(W[one.measure]), String(one.count), ...[one.medianMs, one.p95Ms, one.maxMs].map((ms) => (ms / 1_000).toFixed(3))]));
}

async function writeTimeline(sheet: Sheet, t: Say, views: AuditViews, alert: AuditedAlert, names: ReadonlyMap<string, string>): Promise<void> {
  const entries: TimelineEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await views.timeline(alert.id, { limit: 1_000, ...(cursor !== undefined && { cursor }) });
    entries.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && entries.length < MOST_LINES);
  sheet.heading(t(W.timeline));
  sheet.table(
    [{ title: t(W.place), share: 1, right: true }, { title: t(W.at), share: 3.3 }, { title: t(W.what), share: 3.4 }, { title: t(W.who), share: 3 }, { title: t(W.to), share: 3 }, { title: t(W.outcome), share: 2 }],
    entries.slice(0, MOST_LINES).map((entry) => timelineLine(entry, t, names)));
  if (cursor !== undefined || entries.length > MOST_LINES) sheet.paragraph(t(W.more).replace('#', String(MOST_LINES)));
}

function timelineLine(entry: TimelineEntry, t: Say, names: ReadonlyMap<string, string>): string[] {
  const outcome = (word: unknown): string => (typeof word === 'string' ? (OUTCOME_WORDS[word] ? t(OUTCOME_WORDS[word]) : word) : '');
  if (entry.kind === 'receipt') {
    const { destination, channel, stage, word } = entry.receipt;
    return ['', clockTime(entry.at), t(W.receipt), destination, channel, `${outcome(stage)} (${word})`];
  }
  if (entry.kind === 'report') {
    const { destination, channel, stage, percent } = entry.report;
    return ['', clockTime(entry.at), t(W.report), destination, channel, percent === null ? stage : `${percent} %`];
  }
  const { seq, type, actor, body } = entry.fact;
  const words = Object.hasOwn(FACT_NAMES, type) ? FACT_NAMES[type as FactType] : undefined;
  const [kind, id] = actor.split(':', 2);
  const who = kind === 'system' ? t(W.theSystem) : (id !== undefined && names.get(id)) || id || actor;
  const to = typeof body['destination'] === 'string' ? [body['destination'], body['channel']].filter((part) => typeof part === 'string').join(' · ') : '';
  return [String(seq), clockTime(entry.at), words ? t(words) : type, who, to, outcome(body['outcome'] ?? (type === 'airing.settled' ? body['state'] : undefined))];
}

function writeCheckpoint(sheet: Sheet, t: Say, { seq, hash, at, keyId, signature }: Checkpoint): void {
  sheet.heading(t(W.checkpoint));
  sheet.pairs([[t(W.seq), String(seq)], [t(W.root), hash], [t(W.signedAt), at], [t(W.keyId), keyId], [t(W.signature), signature]]);
  sheet.heading(t(W.how));
  sheet.paragraph(t(W.howText));
}

const statusOf = ({ status }: AuditedAlert, t: Say): string => (STATUS_WORDS[status] ? t(STATUS_WORDS[status]) : status);

/** In Belgrade, to the second, with the offset, as all times of this report. */
const BELGRADE = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Belgrade', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'shortOffset' });
const clockTime = (at: Date | null): string => (at === null ? '–' : BELGRADE.format(at));
