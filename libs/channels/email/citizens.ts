import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '#kernel/clock.js';
import type { Member } from '#dispatch/audience.js';
import type { Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { callRoll, type Called, type Fate, type Rest } from '#dispatch/roll.js';
import { listenForBounces } from './bounce.js';
import { composeCitizenMail } from './citizen-mail.js';
import type { EmailSettings } from './config.js';
import { encodeMail, isEnding } from './encode.js';
import { EMAIL } from './links.js';
import { outcomeOf, probeOf, saysGone } from './outcome.js';
import { openPool } from './server.js';
import type { SmtpAnswer, SmtpPool } from './smtp.js';
import { memberToken, returnAddress } from './verp.js';

/** What earlier attempts left undone is remembered for so many messages; else a repetition goes on at the last mark. */
const RESTS = 256;
/** Failures in a row after which the server is left alone for this attempt. */
const ENOUGH = 20;
/** A server that says of most mailboxes that they are no more is in trouble itself, and nobody is dropped on its word. */
const MANY = 10;

/** What an attempt at a part saw beside the fates of its members. */
interface Seen {
  readonly gone: string[];
  refused: number;
  failures: number;
  why?: string;
  refusal?: string;
}

/** E-mail to everyone who asked for it and confirmed: a mail each, spaced, in their own language. */
export class Citizens implements Connection {
  private readonly pool: SmtpPool;
  private readonly bounces: { close(): Promise<void> };
  private readonly secret: string;
  private readonly rests = new Map<string, Rest>();
  private readonly closing = new AbortController();
  private readonly waiting: (() => void)[] = [];
  private free: number;
  private nextAt = 0;

  constructor(private readonly destination: Destination<EmailSettings>, private readonly line: Line, private readonly audience: NonNullable<EmailSettings['audience']>) {
    this.secret = line.secret(destination.settings.bounce.secret);
    this.pool = openPool(destination.settings, (name) => line.secret(name), line.outgoing, audience.connections);
    this.bounces = listenForBounces(destination, this.secret, line);
    this.free = audience.connections;
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.tellAll(message, signal);
  }

  /** What was sent cannot be taken back: the ending follows in each one's thread. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.tellAll(message, signal);
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    return probeOf(await this.pool.check(signal));
  }

  async close(): Promise<void> {
    this.closing.abort();
    for (const next of this.waiting.splice(0)) next();
    this.pool.close();
    await this.bounces.close();
  }

  private async tellAll(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { notice, key, part, deliveryId } = message;
    const { mode, id } = this.destination;
    if (notice.mode !== mode) return { kind: 'refused', reason: 'wrong_mode' };
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    if (this.closing.signal.aborted) return { kind: 'deferred', reason: 'closed' };
    const started = monotonicMs();
    const seen: Seen = { gone: [], refused: 0, failures: 0 };
    const rest = this.rests.get(key);
    // Everyone under way at once hears of the one signal, and of its end.
    const stop = new AbortController();
    const abort = () => stop.abort();
    setMaxListeners(0, stop.signal);
    for (const reason of [signal, this.closing.signal]) reason.addEventListener('abort', abort, { once: true });
    const called = await callRoll({
      audience: this.line.audience, headway: this.line.headway, log: this.line.log, delivery: deliveryId, atOnce: this.audience.connections,
      selection: { kind: EMAIL, mode, shard: part, shards: this.audience.shards, area: notice.area },
      tell: (member) => this.tell(member, message, seen, stop.signal),
      stopped: () => stop.signal.aborted || seen.failures >= ENOUGH,
    }, rest);
    for (const reason of [signal, this.closing.signal]) reason.removeEventListener('abort', abort);
    await this.drop(seen.gone, called.taken);
    this.line.log.event('audience.told', {
      channel: EMAIL, destination: id, part, queued: called.taken, gone: seen.gone.length, refused: seen.refused, left: called.rest?.members.length ?? 0, unsure: called.unsure,
      ms: Math.round(monotonicMs() - started),
    });
    this.remember(key, called.rest);
    const why = signal.aborted ? 'aborted' : this.closing.signal.aborted ? 'closed' : (seen.why ?? 'store_busy');
    return outcomeOfPart(called, seen, why, rest !== undefined);
  }

  /** One mail to one subscriber, when there is a place and a turn. */
  private async tell(member: Member, message: Message, seen: Seen, signal: AbortSignal): Promise<Fate> {
    const { settings, id } = this.destination;
    // An ending waits for no connection that something else holds.
    const isUrgent = isEnding(message.notice);
    if (!isUrgent) await this.place();
    try {
      if (signal.aborted || !(await this.turn(signal))) return 'left';
      const mail = composeCitizenMail(message, { address: member.contact, language: member.language, secret: this.secret }, id, settings);
      const bytes = await encodeMail(mail, message.notice.sent, settings, [member.contact]);
      const token = memberToken(member.id);
      const envelope = {
        from: returnAddress(token, id, settings.bounce.domain, this.secret), to: [{ address: member.contact }],
        // Only that it failed is of use, to write to nobody who is no more.
        dsn: { ret: 'HDRS' as const, envid: token, notify: ['FAILURE' as const] },
      };
      return fateOf(await this.pool.send(envelope, bytes, signal), member, seen);
    } finally {
      if (!isUrgent) this.leavePlace();
    }
  }

  private async place(): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else if (!this.closing.signal.aborted) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leavePlace(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }

  /** Waits for this mail's turn at the rate of the destination; false when the signal came first. */
  private async turn(signal: AbortSignal): Promise<boolean> {
    const now = monotonicMs();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 1_000 / this.audience.ratePerSecond;
    if (at <= now) return true;
    return sleep(at - now, true, { signal }).catch(() => false);
  }

  private async drop(gone: readonly string[], taken: number): Promise<void> {
    if (gone.length === 0 || (gone.length >= MANY && gone.length > taken)) return;
    // Who is not dropped now says so again at the next message.
    await this.line.audience.drop(gone, 'gone').catch(() => this.line.log.event('store.failed', { operation: 'audience.drop', cause: 'busy' }, 'warn'));
  }

  private remember(key: string, rest: Rest | undefined): void {
    this.rests.delete(key);
    if (!rest) return;
    this.rests.set(key, rest);
    for (const [oldest] of this.rests) {
      if (this.rests.size <= RESTS) break;
      this.rests.delete(oldest);
    }
  }
}

/** What the server's answer means for one subscriber. */
function fateOf(answer: SmtpAnswer, { id }: Member, seen: Seen): Fate {
  if ('sent' in answer) {
    seen.failures = 0;
    return 'taken';
  }
  const { trouble } = answer;
  const reply = trouble.rejected[0]?.reply ?? trouble.reply;
  const outcome = outcomeOf({ ...trouble, ...(reply && { reply }) });
  if (outcome.kind === 'refused') {
    // A word about the mailbox says nothing of the server; one about the message would be the same for everybody.
    seen.failures = trouble.rejected.length > 0 ? 0 : seen.failures + 1;
    // At the end of the message the same number speaks of the message.
    if (trouble.code === 'EENVELOPE' && saysGone(reply?.status)) seen.gone.push(id);
    else {
      seen.refused += 1;
      seen.refusal = outcome.reason;
    }
    return 'spared';
  }
  if ('reason' in outcome) seen.why = outcome.reason;
  // A mailbox that is put off says nothing of the server: it goes on with the others.
  if (trouble.rejected.length > 0) seen.failures = 0;
  else seen.failures += 1;
  return outcome.kind === 'uncertain' ? 'unsure' : 'left';
}

/** Accepted when everyone of the part is settled, also when there is nobody. A repetition goes to the others alone. */
function outcomeOfPart({ taken, unsure, rest }: Called, { gone, refused, refusal }: Seen, why: string, resumed: boolean): Outcome {
  if (!rest) {
    if (refused > 0 && taken + gone.length === 0 && !resumed) return { kind: 'refused', reason: refusal ?? 'refused' };
    return { kind: 'accepted', references: [], expectedReceipts: 0 };
  }
  if (taken === 0 && unsure === 0) return { kind: 'deferred', reason: why };
  return { kind: 'uncertain', reason: why === 'aborted' || taken === 0 ? why : 'partly_sent' };
}
