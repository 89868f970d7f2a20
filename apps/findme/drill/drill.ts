import { randomUUID } from 'node:crypto';
import type { AlertFile } from './alert-file.js';
import type { ApiClient } from './api-client.js';
import { isErased, watchErasures, type ErasureView } from './erasures.js';
import { compareLedgers, readLedgers, type LedgerReport } from './ledgers.js';
import { changeLine, channelLines, progressLine } from './report.js';
import { readReach, reachLine, tellsPeople, type ReachView } from './reach.js';
import { isConfirmed, isSettled, type DeliveryView } from './views.js';

export interface DrillInput {
  readonly file: AlertFile;
  readonly author: ApiClient;
  readonly approver: ApiClient;
  readonly auditor: ApiClient;
  /** Control address of the simulated partners. */
  readonly controlUrl: string;
  /** Tells a person what is happening. */
  readonly say: (line: string) => void;
  /** How long a fan-out may take until it counts as failed, in milliseconds. */
  readonly patienceMs: number;
  /** Tell what becomes of each destination, or only of each channel: there may be hundreds. */
  readonly tell: 'destinations' | 'channels';
}

export interface DrillResult {
  /**
   * Every destination accepted and confirmed what its ledger says it received, nothing is lost or unexpected, those that can
   * confirm an erasure have, the audit verifies.
   */
  readonly ok: boolean;
  readonly alertId: string;
  readonly deliveries: readonly DeliveryView[];
  /** Of the alert, for who tells people one by one. */
  readonly reach: readonly ReachView[];
  readonly ledgers: LedgerReport;
  /** Who was asked to erase, and who has confirmed. */
  readonly erasures: readonly ErasureView[];
  readonly audit: AuditVerdict;
}

interface AuditVerdict {
  readonly ok: boolean;
  readonly facts: number;
  readonly checkpoints: number;
}

interface AlertView {
  readonly id: string;
  readonly version: number;
  readonly proposal?: { readonly contentHash?: string } | null;
}

const POLL_MS = 100;
const SLOW_POLL_MS = 1_000;
/** Looking takes no more than so small a part of the time: it must not hold up what it looks at. */
const POLL_SHARE = 5;
/** How often it is told how far a long fan-out has come. */
const REACH_MS = 2_000;

/**
 * The main job, played through the public API: author, approve, watch the fan-out, "found", watch again, compare with the
 * partners' ledgers, verify the audit.
 */
export async function runDrill({ file, author, approver, auditor, controlUrl, say, patienceMs, tell }: DrillInput): Promise<DrillResult> {
  const since = Date.now();
  await Promise.all([author.signIn(), approver.signIn(), auditor.signIn()]);
  say('Author, approver and auditor have signed in.');

  const alerts = '/v1/drill/alerts';
  let alert = await author.post<AlertView>(alerts, file.content, { 'idempotency-key': randomUUID() });
  const path = `${alerts}/${alert.id}`;
  const current = () => ({ 'if-match': `"${alert.version}"`, 'idempotency-key': randomUUID() });
  say(`The author wrote alert ${alert.id}.`);
  if (file.photo) {
    const answer = await author.send('PUT', `${path}/photo`, file.photo.bytes, { ...current(), 'content-type': file.photo.mediaType });
    alert = (await answer.json()) as AlertView;
    say('The photo is cleaned and attached.');
  }
  alert = await author.post<AlertView>(`${path}/submit`, {}, current());
  const contentHash = alert.proposal?.contentHash ?? '';
  say(`Submitted for review; content hash ${contentHash}.`);

  alert = await approver.post<AlertView>(`${path}/approve`, { contentHash, code: await approver.code() }, current());
  say('Approved by the second officer. Fan-out:');
  await watch(author, path, 'publish', { say, patienceMs, tell });
  const reach = (await readReach(author, path)).filter(tellsPeople);
  for (const one of reach) say(reachLine(one));

  await author.post<AlertView>(`${path}/found`, { reason: 'Vežba: dete je pronađeno. / Drill: the child was found.' }, { 'idempotency-key': randomUUID() });
  say('Found. The ending goes out:');
  const deliveries = await watch(author, path, 'ending', { say, patienceMs, tell });

  say('The partners are asked to erase:');
  const erasures = await watchErasures(auditor, alert.id, deliveries, tell === 'channels' ? () => undefined : say, patienceMs);

  const ledgers = compareLedgers(deliveries, await readLedgers(controlUrl, since));
  const audit = await auditor.post<AuditVerdict>('/v1/audit/verify');
  const simulated = deliveries.length > 0 && deliveries.every((d) => isConfirmed(d) && (ledgers.of.get(d.id)?.effects ?? 0) > 0);
  const ok = simulated && ledgers.lost.length === 0 && ledgers.unexpected.length === 0 && erasures.every(isErased) && audit.ok;
  return { ok, alertId: alert.id, deliveries, reach, ledgers, erasures, audit };
}

/** Watches the deliveries of one phase until nothing more is to be waited for, or patience ends. Returns all of the alert's. */
async function watch(api: ApiClient, path: string, phase: 'publish' | 'ending', { say, patienceMs, tell }: Pick<DrillInput, 'say' | 'patienceMs' | 'tell'>): Promise<DeliveryView[]> {
  const deadline = Date.now() + patienceMs;
  const shown = new Map<string, string>();
  let reachAt = Date.now() + REACH_MS;
  for (;;) {
    const asked = performance.now();
    const items = await api.all<DeliveryView>(`${path}/deliveries`);
    const current = items.filter((d) => (phase === 'publish') === ['alert', 'update'].includes(d.kind));
    const tookMs = performance.now() - asked;
    const lines = tell === 'channels' ? channelLines(current) : current.filter(({ state }) => !['queued', 'sending'].includes(state)).map((d) => [d.id, changeLine(d)] as const);
    for (const [name, line] of lines) {
      if (shown.get(name) === line) continue;
      shown.set(name, line);
      say(line);
    }
    if (current.length > 0 && current.every(isSettled)) return items;
    if (Date.now() > deadline) {
      say(`  Not finished after ${patienceMs / 1000} s: ${progressLine(current) || 'no delivery was planned'}.`);
      return items;
    }
    if (Date.now() > reachAt) {
      for (const one of (await readReach(api, path)).filter((r) => tellsPeople(r) && r.percent < 100)) say(reachLine(one));
      reachAt = Date.now() + REACH_MS;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(tell === 'channels' ? SLOW_POLL_MS : POLL_MS, tookMs * POLL_SHARE)));
  }
}
