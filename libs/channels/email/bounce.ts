import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';
import { causeOf } from '#kernel/log.js';
import type { Destination, Line, Receipt } from '#dispatch/channel.js';
import type { EmailSettings } from './config.js';
import { readDeliveryStatus, type RecipientStatus } from './delivery-status.js';
import { saysGone } from './outcome.js';
import { receiptKeyOf } from './receipt-key.js';
import { memberOf, readReturnAddress, tokenOf } from './verp.js';

/** A notification quotes headers at most (we ask for RET=HDRS); some servers return the whole mail with its photo. */
const SIZE_LIMIT = 4 * 1024 * 1024;
const RETRY_MS = 1_000;

interface Subscriber {
  readonly destination: Destination<EmailSettings>;
  readonly secret: string;
  readonly line: Line;
}

/** Servers of this process by address; destinations with the same address share one. */
const receivers = new Map<string, Receiver>();

/**
 * Listens for the delivery notifications of a destination until closed. The address that a notification comes to proves
 * that the notification answers a message of ours; any other recipient is turned away with 550.
 */
export function listenForBounces(destination: Destination<EmailSettings>, secret: string, line: Line): { close(): Promise<void> } {
  const { host, port } = destination.settings.bounce;
  const at = `${host}:${port}`;
  const receiver = receivers.get(at) ?? new Receiver(host, port, line);
  receivers.set(at, receiver);
  const subscriber: Subscriber = { destination, secret, line };
  receiver.subscribers.add(subscriber);
  return {
    async close() {
      if (!receiver.subscribers.delete(subscriber) || receiver.subscribers.size > 0) return;
      receivers.delete(at);
      await receiver.close();
    },
  };
}

const reply = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

class Receiver {
  readonly subscribers = new Set<Subscriber>();
  private server: SMTPServer | undefined;
  /** Resolves once the last attempt to listen has succeeded or failed: before that a server cannot be closed. */
  private settled: Promise<void> = Promise.resolve();
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly line: Line,
  ) {
    this.listen();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.settled;
    const { server } = this;
    if (!server?.server.listening) return;
    const done = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of server.connections) connection.close();
    await done;
  }

  private listen(): void {
    if (this.closed) return;
    const server = new SMTPServer({
      banner: 'delivery notifications only',
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      authOptional: true,
      size: SIZE_LIMIT,
      maxClients: 50,
      socketTimeout: 30_000,
      closeTimeout: 500,
      logger: false,
      // RFC 3461, section 6: a notification comes from the empty return path, so that none answers another.
      onMailFrom: ({ address }, _session, done) => done(address === '' ? null : reply(550, 'delivery notifications only')),
      onRcptTo: ({ address }, _session, done) => done(this.addressee(address) ? null : reply(550, 'no such address')),
      onData: (stream, session, done) => {
        const [to, ...others] = session.envelope.rcptTo;
        const work = to && others.length === 0 ? this.take(stream, to.address) : Promise.reject(reply(550, 'one recipient only'));
        work.then(() => done(null), (error: unknown) => this.refuse(stream, error, done));
      },
    });
    this.server = server;
    server.on('error', () => this.retryLater(server));
    this.settled = new Promise((resolve) => {
      server.server.once('listening', resolve).once('error', () => resolve());
    });
    server.listen(this.port, this.host);
  }

  /** The port may still belong to the process that this one replaces. A client's broken connection changes nothing. */
  private retryLater(server: SMTPServer): void {
    if (server.server.listening || this.closed || this.server !== server) return;
    this.server = undefined;
    for (const { destination } of this.subscribers) this.line.log.event('connection.changed', { channel: 'email', destination: destination.id, state: 'no bounce receiver' }, 'warn');
    this.retry = setTimeout(() => this.listen(), RETRY_MS);
    this.retry.unref();
  }

  private addressee(address: string): { subscriber: Subscriber; token: string } | undefined {
    for (const subscriber of this.subscribers) {
      const { destination, secret } = subscriber;
      const token = readReturnAddress(address, destination.id, destination.settings.bounce.domain, secret);
      if (token !== undefined) return { subscriber, token };
    }
    return undefined;
  }

  /** Reads one notification and hands its receipts over; resolves once all are stored. */
  private async take(stream: SMTPServerDataStream, address: string): Promise<void> {
    const found = this.addressee(address);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (stream.sizeExceeded) throw reply(552, 'too large');
    if (!found) throw reply(550, 'no such address');
    const status = await readDeliveryStatus(Buffer.concat(chunks));
    // A vacation note or anything else that is no notification is taken and forgotten: its sender is no partner to argue with.
    if (!status) return;
    const { subscriber, token } = found;
    if (subscriber.destination.settings.audience) return dropGone(subscriber, token, status.recipients);
    // The envelope identifier is our key; it counts only when the signed address stands for it.
    const key = status.envelopeId !== undefined && tokenOf(status.envelopeId) === token ? status.envelopeId : token;
    for (const recipient of status.recipients) {
      const receipt = receiptOf(subscriber.destination, token, key, recipient);
      if (receipt) await subscriber.line.receive(receipt);
    }
  }

  /** What was not stored is not acknowledged: the sender keeps it and tries again. */
  private refuse(stream: SMTPServerDataStream, error: unknown, done: (error: Error) => void): void {
    stream.resume();
    if (error instanceof Error && 'responseCode' in error) return done(error);
    const [first] = this.subscribers;
    this.line.log.event('receipt.refused', { channel: 'email', destination: first?.destination.id ?? '', cause: causeOf(error) }, 'warn');
    done(reply(451, 'not stored, try again'));
  }
}

/** A mail to one subscriber came back: who is no more is not written to again. Anything else of theirs is no partner's word. */
async function dropGone({ line }: Subscriber, token: string, recipients: readonly RecipientStatus[]): Promise<void> {
  const id = memberOf(token);
  if (id !== undefined && recipients.some(({ action, status }) => action === 'failed' && saysGone(status))) await line.audience.drop([id], 'gone');
}

/**
 * What an action (RFC 3464, section 2.3.3) proves. `delivered`: in the mailbox. `expanded`: handed to every member of the
 * newsroom's list. `failed`: given up. `relayed` only says that the mail went on to a system that reports nothing, and
 * `delayed` that it has not arrived yet: neither is a confirmation, and none is made of them.
 */
function receiptOf(destination: Destination<EmailSettings>, token: string, key: string, { recipient, action, at }: RecipientStatus): Receipt | undefined {
  const stage = action === 'delivered' || action === 'expanded' ? 'confirmed' : action === 'failed' ? 'failed' : undefined;
  if (!stage) return undefined;
  return { destination: destination.id, receiptKey: receiptKeyOf(token, recipient, action), about: { key }, stage, word: action, ...(at && { at }) };
}
