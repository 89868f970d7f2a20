import type { SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import type { Channel, Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { listenForBounces } from './bounce.js';
import { Citizens } from './citizens.js';
import { emailSettings, type EmailSettings } from './config.js';
import { composeMail, encodeMail, exhibits, previewMail } from './encode.js';
import { EMAIL } from './links.js';
import { isLasting, outcomeOf, probeOf } from './outcome.js';
import { posterExhibits, posterOf } from './poster.js';
import { receiptKeyOf } from './receipt-key.js';
import { openPool } from './server.js';
import type { Rejection, SmtpPool } from './smtp.js';
import { returnAddress, tokenOf } from './verp.js';

/** The time for a mail to newsrooms, in milliseconds; a part of the subscribers has its own. */
const ATTEMPT_MS = 15_000;

/** E-mail to newsrooms, or to those who asked to be told, over SMTP with delivery status notifications (RFC 5321, RFC 3461). */
export const email: Channel<EmailSettings> = {
  kind: 'email',
  settings: emailSettings,
  // The Message-ID is that of the notice: a server may drop the second copy, and a duplicate mail beats silence.
  resend: () => 'safe',
  lapses: false,
  connectsTo: ({ host, port }) => [{ host, port }],
  parts: ({ audience }) => audience?.shards ?? 1,
  attemptMs: ({ audience }) => audience?.partMs ?? ATTEMPT_MS,
  preview: previewMail,
  toldSecrets: ({ login }) => (login ? [login.secret] : []),
  exhibits: (notice, settings) => [...exhibits(notice, settings), ...posterExhibits(notice, settings)],
  reaches: ({ audience, to }) => (audience ? { members: EMAIL } : { people: to.length }),
  open: (destination, line) => (destination.settings.audience ? new Citizens(destination, line, destination.settings.audience) : new EmailConnection(destination, line)),
};

/** How far a message got while some newsrooms put it off. */
interface Halfway {
  /** Newsrooms that took it. */
  readonly taken: ReadonlySet<string>;
  /** Newsrooms that turned it away for good. */
  readonly lost: ReadonlySet<string>;
}

const NOWHERE: Halfway = { taken: new Set(), lost: new Set() };

class EmailConnection implements Connection {
  private readonly pool: SmtpPool;
  private readonly bounces: { close(): Promise<void> };
  private readonly secret: string;
  /** Messages that some newsrooms put off, by key; forgotten once the message is through, or with the process. */
  private readonly halfway = new Map<string, Halfway>();

  constructor(
    private readonly destination: Destination<EmailSettings>,
    private readonly line: Line,
  ) {
    const { settings } = destination;
    this.secret = line.secret(settings.bounce.secret);
    this.pool = openPool(settings, (name) => line.secret(name), line.outgoing);
    this.bounces = listenForBounces(destination, this.secret, line);
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal);
  }

  /** A mail that was sent cannot be taken back: the ending follows in the same thread, in words. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal);
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    return probeOf(await this.pool.check(signal));
  }

  async close(): Promise<void> {
    this.pool.close();
    await this.bounces.close();
  }

  private async send(message: Message, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    const { settings, id } = this.destination;
    const mail = composeMail(message, id, settings, await posterOf(message, settings, signal));
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    const bytes = await encodeMail(mail, message.notice.sent, settings);
    const { taken, lost } = this.halfway.get(message.key) ?? NOWHERE;
    const recipients = settings.to.filter((address) => !taken.has(address) && !lost.has(address));
    const answer = await this.pool.send(this.envelope(message.key, recipients), bytes, signal);
    const rejected = 'trouble' in answer ? answer.trouble.rejected : answer.rejected;
    const lasting = rejected.filter(isLasting);
    await this.reportRejected(message.key, lasting);
    if ('trouble' in answer) {
      const outcome = outcomeOf(answer.trouble);
      // The last newsrooms turn it away for good, but earlier ones took it: then it is through.
      return outcome.kind === 'refused' && taken.size > 0 ? this.through(message.key, mail.messageId, taken.size) : outcome;
    }
    const now: Halfway = { taken: new Set([...taken, ...answer.sent.accepted]), lost: new Set([...lost, ...lasting.map((r) => r.recipient)]) };
    if (lasting.length === rejected.length) return this.through(message.key, mail.messageId, now.taken.size);
    // Some newsrooms put it off (greylisting, a full mailbox): only they are asked again. Those that took it have it, so this
    // is not `deferred`.
    this.halfway.set(message.key, now);
    return { kind: 'uncertain', reason: `${rejected.length - lasting.length} of ${settings.to.length} newsrooms put off` };
  }

  private through(key: string, messageId: string, expectedReceipts: number): Outcome {
    this.halfway.delete(key);
    return { kind: 'accepted', references: [messageId], expectedReceipts };
  }

  private envelope(key: string, to: readonly string[]): SMTPEnvelope {
    const { bounce } = this.destination.settings;
    const [only, ...others] = to;
    return {
      from: returnAddress(key, this.destination.id, bounce.domain, this.secret),
      to: to.map((address) => ({ address })),
      // nodemailer writes one ORCPT to every recipient, so it may only be given when there is one.
      dsn: { ret: 'HDRS', envid: key, notify: ['SUCCESS', 'FAILURE', 'DELAY'], ...(only && others.length === 0 && { orcpt: `rfc822;${only}` }) },
    };
  }

  /** A newsroom that is turned away for good while the message goes on to others is a failure of its own. */
  private async reportRejected(key: string, rejected: readonly Rejection[]): Promise<void> {
    for (const { recipient } of rejected) {
      const receiptKey = receiptKeyOf(tokenOf(key), recipient, 'rejected');
      await this.line.receive({ destination: this.destination.id, receiptKey, about: { key }, stage: 'failed', word: 'rejected' });
    }
  }
}
