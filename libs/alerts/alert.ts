import type { AlertId, OfficerId } from '#kernel/ids.js';
import { fail } from '#kernel/errors.js';
import { joinAreas } from './area.js';
import type { Area, Content } from './content.js';
import { contentHashOf, type Mode, type Notice, type NoticeReference, type SentNotice } from './notice.js';

export type AlertStatus = 'prepared' | 'active' | 'found' | 'withdrawn' | 'expired' | 'rejected' | 'erased';
export type ProposalStatus = 'draft' | 'in_review' | 'returned';

/** Stands where a clock and not a person acts. */
export const NOBODY = '00000000-0000-0000-0000-000000000000' as OfficerId;

/** A revision that is being written or reviewed; at most one at a time. */
export interface Proposal {
  readonly revision: number;
  readonly kind: 'alert' | 'update';
  readonly status: ProposalStatus;
  /** Everyone who wrote or edited any of it. */
  readonly writers: readonly OfficerId[];
  readonly content: Content;
  /** What was last given back to its writers: by it a reviewer sees what has changed since. */
  readonly returned?: Content;
  readonly submittedBy?: OfficerId;
  /** Frozen at submission; what the approver sees and approves by its hash. */
  readonly notice?: Notice;
  readonly contentHash?: string;
}

/** The revision the public has, or had last. */
export interface Published {
  readonly revision: number;
  readonly identifier: string;
  readonly contentHash: string;
  /** Instant of the approval. */
  readonly sentAt: Date;
  readonly expiresAt: Date;
  readonly content: Content;
  /** Every message of this alert so far, oldest first, this revision's included. */
  readonly messages: readonly NoticeReference[];
  /** Everywhere that any of them went: whoever was told of the alert is told of its end, also where an update went no more. */
  readonly toldArea: Area;
}

/** A case and its revisions, as far as the next decision needs them. */
export interface Alert {
  readonly id: AlertId;
  readonly mode: Mode;
  readonly status: AlertStatus;
  /** Counts changes; a change is made on the version that was read, or not at all. */
  readonly version: number;
  readonly createdBy: OfficerId;
  readonly createdAt: Date;
  /** The highest revision number given so far. */
  readonly lastRevision: number;
  readonly proposal?: Proposal;
  readonly published?: Published;
}

export type Action =
  /** `writers`: who else wrote what is now taken in, such as the writers of a draft. */
  | { readonly do: 'edit'; readonly content: Content; readonly writers?: readonly OfficerId[] }
  | { readonly do: 'submit'; readonly notice: Notice }
  | { readonly do: 'return'; readonly reason: string }
  | { readonly do: 'reject'; readonly reason: string }
  /** `stepUp` is how the approver proved anew who they are: by a one-time code unless it says otherwise. */
  | { readonly do: 'approve'; readonly contentHash: string; readonly stepUp?: 'totp' | 'passkey' }
  | { readonly do: 'revise' }
  | { readonly do: 'found'; readonly notice: Notice; readonly reason: string }
  | { readonly do: 'withdraw'; readonly notice: Notice; readonly reason: string }
  | { readonly do: 'expire'; readonly notice: Notice }
  | { readonly do: 'erase' };
export type Verb = Action['do'];

/**
 * The one table of what may follow what. An alert moves by it, and so does its proposal; the database holds the same
 * rows and a test holds the two against each other. A verb that is missing in a row is not allowed there.
 */
export const ALERT_MOVES: Readonly<Record<AlertStatus, Partial<Record<Verb, AlertStatus>>>> = {
  prepared: { edit: 'prepared', submit: 'prepared', return: 'prepared', reject: 'rejected', approve: 'active', erase: 'erased' },
  active: {
    revise: 'active', edit: 'active', submit: 'active', return: 'active', reject: 'active', approve: 'active',
    found: 'found', withdraw: 'withdrawn', expire: 'expired',
  },
  found: { erase: 'erased' },
  withdrawn: { erase: 'erased' },
  expired: { erase: 'erased' },
  rejected: { erase: 'erased' },
  erased: {},
};

/** What a verb does to the proposal: `none` where there is none yet, `gone` when it is published or dropped. */
export const PROPOSAL_MOVES: Readonly<Record<ProposalStatus | 'none', Partial<Record<Verb, ProposalStatus | 'gone'>>>> = {
  none: { revise: 'draft' },
  draft: { edit: 'draft', submit: 'in_review' },
  in_review: { return: 'returned', reject: 'gone', approve: 'gone' },
  returned: { edit: 'returned', submit: 'in_review' },
};

/** Verbs that end or clear an alert whatever its proposal does; the proposal is dropped with it. */
const ENDINGS: ReadonlySet<Verb> = new Set(['found', 'withdraw', 'expire', 'erase']);

/** Starts a case. The mode is given here and never again. `writers`: who else wrote the content. */
export function createAlert(id: AlertId, mode: Mode, content: Content, by: OfficerId, now: Date, writers: readonly OfficerId[] = []): Alert {
  return {
    id, mode, status: 'prepared', version: 1, createdBy: by, createdAt: now, lastRevision: 1,
    proposal: { revision: 1, kind: 'alert', status: 'draft', writers: together([by], writers), content },
  };
}

/** Every one of them once, in the order in which they came. */
function together(...groups: readonly (readonly OfficerId[])[]): readonly OfficerId[] {
  return [...new Set(groups.flat())];
}

/**
 * Decides one action on an alert and returns the alert after it. Pure: time comes in, nothing is stored or sent.
 *
 * Throws a refusal: `ALERT_ERASED`, `TRANSITION_NOT_ALLOWED`, `REASON_MISSING`, `APPROVER_IS_WRITER`,
 * `APPROVAL_STALE_HASH`.
 */
export function decide(alert: Alert, action: Action, by: OfficerId, now: Date): Alert {
  const status = ALERT_MOVES[alert.status][action.do];
  if (status === undefined) throw fail(alert.status === 'erased' ? 'ALERT_ERASED' : 'TRANSITION_NOT_ALLOWED', '', `${action.do} on ${alert.status}.`);
  if ('reason' in action && action.reason.trim() === '') throw fail('REASON_MISSING', 'reason');
  if (action.do === 'expire' && !(alert.published && alert.published.expiresAt <= now)) throw fail('TRANSITION_NOT_ALLOWED', '', 'The time of the alert is not over.');
  const next = { ...alert, status, version: alert.version + 1 };

  if (ENDINGS.has(action.do)) return { ...next, proposal: undefined, ...ending(alert, action) };

  const from = alert.proposal?.status ?? 'none';
  const to = PROPOSAL_MOVES[from][action.do];
  if (to === undefined) throw fail('TRANSITION_NOT_ALLOWED', '', `${action.do} on a revision that is ${from}.`);
  return { ...next, ...moveProposal(alert, action, to, by, now) };
}

function moveProposal(alert: Alert, action: Action, to: ProposalStatus | 'gone', by: OfficerId, now: Date): Partial<Alert> {
  if (action.do === 'revise') return openUpdate(alert, by);
  const proposal = alert.proposal;
  if (!proposal) throw new Error('a proposal move without a proposal');
  switch (action.do) {
    case 'edit': {
      const writers = together(proposal.writers, [by], action.writers ?? []);
      // An edit thaws the revision: whatever was frozen for the last review counts no more.
      const { notice: _thawed, contentHash: _void, submittedBy: _nobody, ...kept } = proposal;
      return { proposal: { ...kept, status: to as ProposalStatus, writers, content: action.content } };
    }
    case 'submit':
      return { proposal: { ...proposal, status: 'in_review', submittedBy: by, notice: action.notice, contentHash: contentHashOf(action.notice) } };
    case 'return': {
      const { notice: _frozen, contentHash: _void, ...kept } = proposal;
      return { proposal: { ...kept, status: 'returned', returned: proposal.content } };
    }
    case 'reject':
      return { proposal: undefined };
    case 'approve':
      return approve(alert, proposal, action.contentHash, by, now);
    default:
      throw new Error(`no proposal move for ${action.do}`);
  }
}

function openUpdate(alert: Alert, by: OfficerId): Partial<Alert> {
  const published = alert.published;
  if (!published) throw fail('TRANSITION_NOT_ALLOWED', '', 'revise on an alert that was never published.');
  const revision = alert.lastRevision + 1;
  return { lastRevision: revision, proposal: { revision, kind: 'update', status: 'draft', writers: [by], content: published.content } };
}

/** Four eyes over every writer, bound to the exact content (domain: "Four eyes"). */
function approve(alert: Alert, proposal: Proposal, contentHash: string, by: OfficerId, now: Date): Partial<Alert> {
  const { notice } = proposal;
  if (!notice || !proposal.contentHash) throw new Error('a revision in review has no frozen notice');
  if (proposal.writers.includes(by) || proposal.submittedBy === by) throw fail('APPROVER_IS_WRITER');
  if (contentHash !== proposal.contentHash || contentHashOf(notice) !== contentHash) throw fail('APPROVAL_STALE_HASH', 'contentHash');
  const { sentAt, expiresAt } = timesOf(notice, now);
  const message = { identifier: notice.identifier, sent: capTime(sentAt) };
  return {
    proposal: undefined,
    published: {
      revision: proposal.revision, identifier: notice.identifier, contentHash, sentAt, expiresAt, content: proposal.content,
      messages: [...(alert.published?.messages ?? []), message],
      toldArea: joinAreas(alert.published ? [alert.published.toldArea, proposal.content.area] : [proposal.content.area]),
    },
  };
}

/** From when to when a notice counts that is approved now. */
export function timesOf({ validHours }: Pick<Notice, 'validHours'>, now: Date): { readonly sentAt: Date; readonly expiresAt: Date } {
  const sentAt = wholeSecond(now);
  return { sentAt, expiresAt: new Date(sentAt.getTime() + validHours * 3_600_000) };
}

/** A notice as it would be on its way if it were approved now: what its channels would make of it. */
export function asIfApproved(notice: Notice, now: Date): SentNotice {
  const { sentAt, expiresAt } = timesOf(notice, now);
  return { ...notice, sent: capTime(sentAt), expires: capTime(expiresAt), contentHash: contentHashOf(notice) };
}

function ending(alert: Alert, action: Action): Partial<Alert> {
  // A dropped proposal keeps its number, so the ending takes the next one.
  return action.do === 'erase' ? { published: undefined } : { lastRevision: alert.lastRevision + 1 };
}

/** The instant without its fraction of a second: CAP times have none, and what is stored equals what is sent. */
export function wholeSecond(instant: Date): Date {
  return new Date(Math.floor(instant.getTime() / 1000) * 1000);
}

const BELGRADE = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Belgrade', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});

/** A CAP date-time in Serbian local time: offset, no fraction, never `Z` (CAP 1.2 section 3.3.2). */
export function capTime(instant: Date): string {
  const at = wholeSecond(instant);
  const part = Object.fromEntries(BELGRADE.formatToParts(at).map((p) => [p.type, p.value]));
  const local = `${part['year']}-${part['month']}-${part['day']}T${part['hour']}:${part['minute']}:${part['second']}`;
  const offset = (Date.parse(`${local}Z`) - at.getTime()) / 60_000;
  const two = (n: number) => String(n).padStart(2, '0');
  // Belgrade lies east of Greenwich, summer and winter.
  return `${local}+${two(Math.floor(offset / 60))}:${two(offset % 60)}`;
}
