import { simpleParser, type ParsedMail } from 'mailparser';
import MimeNode from 'nodemailer/lib/mime-node';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { sha256Hex } from '#kernel/canonical.js';
import { LANGUAGES } from '#alerts/content.js';
import type { Destination } from '#dispatch/channel.js';
import { breaksAnswers, sendBroken } from '#dispatch/testing/broken-answer.js';
import type { Faults, FakePartner, LedgerEntry } from '#dispatch/testing/fake-partner.js';
import { Ledger } from '#dispatch/testing/ledger.js';
import type { EmailSettings } from './config.js';

/** What a simulated newsroom's server needs from the house that runs it. */
export interface FakeOptions {
  secret(name: string): string;
  apiUrl?: string;
}

const SIZE_LIMIT = 30 * 1024 * 1024;
const ANSWER_KEPT = Buffer.from('250 2.6.0 OK: kept\r\n');
const NOTIFY_TRIES = 600;
const NOTIFY_PAUSE_MS = 100;
const SUBSCRIBE_TRIES = 600;
const SUBSCRIBE_PAUSE_MS = 200;

/**
 * Starts a simulated newsroom's mail server: SMTP with DSN on the host and port of the settings (0: any free port). It
 * keeps one copy of a Message-ID, writes a ledger, and answers each mail with one delivery notification a recipient, sent
 * to the mail's return path at the bounce receiver of the settings.
 */
export async function startFakePartner(destination: Destination<EmailSettings>, options: FakeOptions): Promise<FakeMailServer> {
  const newsroom = new Newsroom(destination, options);
  await newsroom.listen();
  return newsroom;
}

/** A simulated mail server with what a test may look at and push. */
export interface FakeMailServer extends FakePartner {
  /** Mailboxes that are no more: 550 5.1.1. */
  readonly gone: Set<string>;
  /** Mails as they came, with whom they came for. */
  readonly received: readonly { readonly to: string; readonly bytes: Buffer }[];
}

const reply = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });
const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const header = (mail: ParsedMail, name: string): string => {
  const value = mail.headers.get(name);
  return typeof value === 'string' ? value : '';
};

/** Undoes `xtext` (RFC 3461, section 4). */
const decodeXtext = (text: string) => text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

class Newsroom implements FakeMailServer {
  readonly ledger: readonly LedgerEntry[];
  readonly gone = new Set<string>();
  readonly received: { readonly to: string; readonly bytes: Buffer }[] = [];
  private readonly settings: EmailSettings;
  private readonly subscribing = new AbortController();
  private readonly messageIds = new Set<string>();
  private readonly book: Ledger;
  private readonly notifying = new Set<SMTPConnection>();
  private readonly server: SMTPServer;
  private faults: Faults = {};
  private closing: Promise<void> | undefined;

  constructor(
    private readonly destination: Destination<EmailSettings>,
    private readonly options: FakeOptions,
  ) {
    this.book = new Ledger('the newsroom');
    this.ledger = this.book.entries;
    const { settings } = destination;
    const { login } = settings;
    this.settings = settings;
    this.server = new SMTPServer({
      banner: 'simulated newsroom',
      hideDSN: false,
      hideENHANCEDSTATUSCODES: false,
      disableReverseLookup: true,
      disabledCommands: login ? ['STARTTLS'] : ['AUTH', 'STARTTLS'],
      authOptional: !login,
      allowInsecureAuth: true,
      size: SIZE_LIMIT,
      closeTimeout: 500,
      logger: false,
      onAuth: (auth, _session, done) => {
        const right = login && auth.username === login.user && auth.password === options.secret(login.secret);
        done(right ? null : reply(535, 'wrong user or password'), right ? { user: login.user } : undefined);
      },
      onMailFrom: (_address, _session, done) => done(this.faults.throttle ? reply(421, 'too many messages') : null),
      onRcptTo: ({ address }, _session, done) => done(this.has(address) ? null : reply(550, '5.1.1 no such mailbox')),
      onData: (stream, session, done) => void this.take(stream, session, done).catch((error: Error) => done(error)),
    });
    this.server.on('error', () => undefined);
  }

  get port(): number {
    const address = this.server.server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  listen(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.server.server.once('error', reject);
      this.server.listen(this.settings.port, this.settings.host, () => resolve());
    }).then(() => void this.subscribe());
  }

  /** A newsroom has its own mailboxes; a server for everybody has every mailbox that is not gone. */
  private has(address: string): boolean {
    return this.settings.audience ? !this.gone.has(address) : this.settings.to.includes(address);
  }

  /** Its fictional people ask for notices as everybody does, and confirm what comes back (see `answer`). */
  private async subscribe(): Promise<void> {
    const { options: { apiUrl }, settings: { citizens }, destination: { mode } } = this;
    if (apiUrl === undefined) return;
    for (let n = 0, tries = 0; n < citizens && tries < SUBSCRIBE_TRIES && !this.subscribing.signal.aborted; tries++) {
      const language = LANGUAGES[n % LANGUAGES.length]!;
      const told = await this.ask(`${apiUrl}/v1/subscriptions/email`, { mode, language, districts: null, address: `${mode}-${n}@gradjani.example` });
      if (told) n += 1;
      else await pause(SUBSCRIBE_PAUSE_MS);
    }
  }

  /** Follows the link of a confirmation as a person would who presses the button on its page. */
  private async answer(mail: ParsedMail): Promise<void> {
    const { options: { apiUrl }, settings: { citizens } } = this;
    const link = /https?:\/\/\S+\?t=[\w-]+/.exec(mail.text ?? '')?.[0];
    if (apiUrl === undefined || citizens === 0 || link === undefined) return;
    const { pathname, search } = new URL(link);
    for (let tries = 0; tries < SUBSCRIBE_TRIES && !this.subscribing.signal.aborted && !(await this.ask(`${apiUrl}${pathname}${search}`)); tries++) await pause(SUBSCRIBE_PAUSE_MS);
  }

  private async ask(url: string, body?: object): Promise<boolean> {
    const response = await fetch(url, {
      method: 'POST', signal: this.subscribing.signal, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    }).catch(() => undefined);
    await response?.body?.cancel().catch(() => undefined);
    return response?.ok === true;
  }

  setFaults(faults: Faults): void {
    this.faults = faults;
  }

  waitFor(predicate: (ledger: readonly LedgerEntry[]) => boolean, timeoutMs?: number): Promise<readonly LedgerEntry[]> {
    return this.book.waitFor(predicate, timeoutMs);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.subscribing.abort();
    const done = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of this.server.connections) connection._socket.destroy();
    for (const connection of this.notifying) connection.close();
    await done;
  }

  private async take(stream: SMTPServerDataStream, session: SMTPServerSession, done: (error?: Error | null, text?: string) => void): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    // The trouble at the moment when the message is complete decides, as it does at a real server.
    const faults = this.faults;
    if (faults.latencyMs) await pause(faults.latencyMs);
    if (faults.hang) return;
    if (faults.reset) return this.hangUp(session);
    if (faults.error) return done(reply(451, 'local error'));
    if (faults.refuse) return done(reply(550, 'not wanted'));
    await this.write(Buffer.concat(chunks), session);
    if (!faults.noReceipts) void this.notify(session, faults.duplicateReceipts ? 2 : 1);
    if (faults.loseAcknowledgement) return this.hangUp(session);
    if (faults.rubbish) return void this.socketOf(session)?.write('\u0007banana 250\r\n');
    const socket = this.socketOf(session);
    if (breaksAnswers(faults) && socket) sendBroken(socket, ANSWER_KEPT, faults);
    else done(null, 'kept');
  }

  private async write(bytes: Buffer, session: SMTPServerSession): Promise<void> {
    const mail = await simpleParser(bytes, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true });
    const id = mail.messageId ?? session.id;
    const kind = header(mail, 'x-findme-kind');
    for (const { address } of session.envelope.rcptTo) this.received.push({ to: address, bytes });
    if (kind === 'confirmation') return void this.answer(mail);
    const identifier = header(mail, 'x-findme-identifier');
    this.book.write({
      key: header(mail, 'x-findme-key'),
      ...(identifier && { identifier }),
      action: kind === 'found' || kind === 'withdrawn' ? 'withdraw' : 'publish',
      sha256: sha256Hex(bytes),
      duplicate: this.messageIds.has(id),
      at: Date.now(),
    });
    this.messageIds.add(id);
  }

  /** Tells the return path that each recipient who asked for it has the mail, like a mail queue: again until it is taken. */
  private async notify(session: SMTPServerSession, times: number): Promise<void> {
    const { mailFrom, rcptTo, dsn } = session.envelope;
    if (!mailFrom || !mailFrom.address) return;
    for (const { address, dsn: asked } of rcptTo) {
      if (!asked?.notify?.includes('SUCCESS')) continue;
      const report = await deliveredReport(mailFrom.address, address, dsn?.envid ?? undefined, asked.orcpt);
      for (let n = 0; n < times; n++) {
        for (let tries = 0; tries < NOTIFY_TRIES && !this.closing && !(await this.post(mailFrom.address, report)); tries++) await pause(NOTIFY_PAUSE_MS);
      }
    }
  }

  /** Sends one notification; false when it was not taken. */
  private post(to: string, report: Buffer): Promise<boolean> {
    const { host, port } = this.settings.bounce;
    const connection = new SMTPConnection({ host, port, ignoreTLS: true, connectionTimeout: 2_000, socketTimeout: 5_000, socketCloseTimeout: 0, logger: false });
    this.notifying.add(connection);
    return new Promise<boolean>((resolve) => {
      const end = (taken: boolean) => {
        this.notifying.delete(connection);
        // Closing ends the connection once more, so the answer comes first.
        resolve(taken);
        connection.close();
      };
      connection.on('error', () => end(false));
      connection.once('end', () => end(false));
      connection.connect((error) => {
        if (error) return end(false);
        connection.send({ from: false, to }, report, (refused) => end(!refused));
      });
    });
  }

  private hangUp(session: SMTPServerSession): void {
    this.socketOf(session)?.destroy();
  }

  private socketOf(session: SMTPServerSession) {
    return [...this.server.connections].find((c) => c.id === session.id)?._socket;
  }
}

/** A notification that a mail is in its mailbox (RFC 3464). */
function deliveredReport(to: string, recipient: string, envid: string | undefined, orcpt: string | undefined): Promise<Buffer> {
  const fields = [
    'Reporting-MTA: dns; newsroom.example',
    ...(envid ? [`Original-Envelope-Id: ${decodeXtext(envid)}`] : []),
    '',
    ...(orcpt ? [`Original-Recipient: ${decodeXtext(orcpt)}`] : []),
    `Final-Recipient: rfc822; ${recipient}`,
    'Action: delivered',
    'Status: 2.0.0',
    `Last-Attempt-Date: ${new Date().toUTCString()}`,
    '',
  ];
  const report = new MimeNode('multipart/report; report-type=delivery-status');
  report.setHeader({ from: 'MAILER-DAEMON@newsroom.example', to, subject: 'Delivered', 'Auto-Submitted': 'auto-replied' });
  report.createChild('text/plain').setContent('Your message is in its mailbox.');
  report.createChild('message/delivery-status').setContent(fields.join('\r\n'));
  return report.build();
}
