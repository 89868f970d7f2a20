import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import smpp, { type Pdu, type Session } from 'smpp';
import type { Destination } from '#dispatch/channel.js';
import { isTrickling, sendBroken } from '#dispatch/testing/broken-answer.js';
import type { FakePartner, Faults, LedgerEntry } from '#dispatch/testing/fake-partner.js';
import type { SmppSettings } from './config.js';

/** What the simulated operator saw of one `submit_sm` or `submit_multi`. */
export interface Submitted {
  /** A number, or the name of a list. */
  readonly to: string;
  readonly segment: number;
  readonly total: number;
  readonly validity: Date | string;
  readonly registered: boolean;
}

/** A simulated operator with what a test may look at and push. */
export interface FakeOperator extends FakePartner {
  /** Whole messages as a phone would show them, in the order they became whole. */
  readonly texts: readonly { readonly to: string; readonly text: string }[];
  readonly submissions: readonly Submitted[];
  /** Messages cancelled while still under way, and attempts that came too late. */
  readonly cancels: { done: number; late: number };
  /** The most unanswered submissions that one bind ever had. */
  readonly peakWindow: number;
  readonly binds: number;
  /** Identifiers that were asked about (`query_sm`), in order. */
  readonly queries: readonly string[];
  /** Answers questions about messages with these fields; nothing stands for what is the case. */
  answerQueries(fields: ((id: string) => { readonly command_status: number } | { readonly message_state: number }) | undefined): void;
  /** Decides the command status of single submissions; for `submit_multi` as an unsuccessful destination of a success. */
  decide(status: ((submitted: Submitted) => number) | undefined): void;
  /** Closes every bind without a word. */
  dropBinds(): void;
  /** Sends these bytes over every bind. */
  babble(bytes: Uint8Array): void;
  /** Sends a receipt for any identifier in either form. */
  sendReceipt(messageId: string, word: string, form?: 'text' | 'parameters'): void;
}

interface Stored {
  readonly id: string;
  readonly to: string;
  state: 'enroute' | 'delivered' | 'deleted';
}

const STATE_NUMBERS: Record<string, number> = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };
const RECEIPT_AFTER_MS = 5;
const RECEIPT_AGAIN_MS = 100;
const LOSE_AFTER_MS = 150;
const HTTP_RUBBISH = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');

/**
 * Starts an SMSC on loopback at the destination's port (0: any free one). It is built on npm `smpp`, not on the driver's
 * own PDUs, so that a mistake in those cannot hide. It joins segments as a phone does, de-duplicates by the key when
 * the settings promise it, and repeats a receipt until it is acknowledged.
 */
export async function startFakePartner(
  destination: Destination<SmppSettings>,
  options: { secret(name: string): string; apiUrl?: string },
): Promise<FakeOperator> {
  const { settings } = destination;
  const password = options.secret(settings.password);
  const ledger: LedgerEntry[] = [];
  const texts: { to: string; text: string }[] = [];
  const submissions: Submitted[] = [];
  const cancels = { done: 0, late: 0 };
  const queries: string[] = [];
  let answerQueries: Parameters<FakeOperator['answerQueries']>[0];
  const watchers = new Set<() => void>();
  const sessions = new Set<Session>();
  const bound = new Set<Session>();
  const timers = new Set<NodeJS.Timeout>();
  const stored = new Map<string, Stored>();
  const byKey = new Map<string, Stored>();
  const parts = new Map<string, Map<number, string>>();
  const whole = new Set<string>();
  const backlog: (() => void)[] = [];
  const idPrefix = randomBytes(4).toString('hex');
  let faults: Faults = {};
  let decide: ((submitted: Submitted) => number) | undefined;
  let peakWindow = 0;
  let lastId = 0;
  let turn = 0;

  const later = (ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  };

  /** Does something after the latency that was set. */
  const slowly = (act: () => void): void => (faults.latencyMs ? later(faults.latencyMs, act) : act());

  /** Delivers a receipt over any bind, again and again until it is acknowledged. */
  const deliver = (id: string, word: string, form: 'text' | 'parameters'): void => {
    const all = [...bound];
    const session = all[(turn += 1) % Math.max(1, all.length)];
    // Nothing comes between the octets of an answer that trickles.
    if (session && isTrickling(session.socket)) return later(RECEIPT_AGAIN_MS, () => deliver(id, word, form));
    if (session === undefined) {
      backlog.push(() => deliver(id, word, form));
      return;
    }
    const text = `id:${id} sub:001 dlvrd:001 submit date:2611241800 done date:2611241801 stat:${word} err:000 text:`;
    const again = (): void => later(RECEIPT_AGAIN_MS, () => deliver(id, word, form));
    const pdu = new smpp.PDU('deliver_sm', {
      esm_class: 0x04,
      source_addr: settings.source.address,
      ...(form === 'text' ? { short_message: Buffer.from(text, 'latin1') } : { receipted_message_id: id, message_state: STATE_NUMBERS[word] ?? 7 }),
    });
    let settled = false;
    const settle = (acknowledged: boolean): void => {
      if (settled) return;
      settled = true;
      session.socket.off('close', closed);
      if (!acknowledged) again();
    };
    const closed = (): void => settle(false);
    session.socket.setMaxListeners(0).once('close', closed);
    if (!session.send(pdu, (answer) => settle(answer.command_status === 0))) settle(false);
  };

  /** Writes one whole message down, and sends its receipt unless it had one. */
  const write = (key: string, action: LedgerEntry['action'], to: string, text: string, duplicate: boolean): void => {
    texts.push({ to, text });
    ledger.push({ key, action, sha256: createHash('sha256').update(text).digest('hex'), duplicate, at: Date.now() });
    for (const watch of watchers) watch();
  };

  const take = (pdu: Pdu, to: string, udh: Buffer | undefined, text: string): { id: string; complete: boolean } => {
    const wireKey = settings.keyTlv === null ? undefined : (pdu[String(settings.keyTlv)] as Buffer | undefined)?.toString('utf8');
    const [, key = '', kind = ''] = /^(.*)#([a-z]+)\.[A-Za-z-]+\.\d+$/.exec(wireKey ?? '') ?? [];
    const action = kind === 'found' || kind === 'withdrawn' ? 'withdraw' : 'publish';
    const known = settings.deduplicates && wireKey !== undefined ? byKey.get(`${wireKey}>${to}`) : undefined;
    const message = known ?? { id: `${idPrefix}${(lastId += 1)}`, to, state: 'enroute' };
    stored.set(message.id, message);
    if (wireKey !== undefined) byKey.set(`${wireKey}>${to}`, message);

    const [reference, total, sequence] = udh === undefined ? [0, 1, 1] : [udh[2] ?? 0, udh[3] ?? 1, udh[4] ?? 1];
    // A phone has only sender, reference and total to go by; two alerts at once may share those (1 in 256), so the key
    // helps where it is sent.
    const name = `${String(pdu['source_addr'])}>${to}>${reference}/${total}>${wireKey?.replace(/\d+$/, '') ?? ''}`;
    const joined = parts.get(name) ?? new Map<number, string>();
    joined.set(sequence, text);
    parts.set(name, joined);
    if (joined.size < total) return { id: message.id, complete: false };
    parts.delete(name);
    const full = [...joined].sort(([a], [b]) => a - b).map(([, part]) => part).join('');
    const identity = `${wireKey ?? ''}>${to}`;
    write(key, action, to, full, settings.deduplicates && wireKey !== undefined && whole.has(identity));
    whole.add(identity);
    if (known === undefined && pdu['registered_delivery'] === 1 && !faults.noReceipts) {
      const repeats = faults.duplicateReceipts ? 2 : 1;
      later(RECEIPT_AFTER_MS, () => {
        if (message.state !== 'enroute') return;
        message.state = 'delivered';
        for (let i = 0; i < repeats; i += 1) deliver(message.id, 'DELIVRD', lastId % 2 === 0 ? 'text' : 'parameters');
      });
    }
    return { id: message.id, complete: true };
  };

  const server = smpp.createServer((session) => {
    sessions.add(session);
    let open = 0;
    session.on('error', () => session.destroy());
    session.on('close', () => {
      sessions.delete(session);
      bound.delete(session);
    });
    const say = (response: Pdu): void => {
      if (session.closed) return;
      if (isTrickling(session.socket)) sendBroken(session.socket, response.toBuffer(), faults);
      else session.send(response);
    };
    const answer = (pdu: Pdu, fields: Record<string, unknown> = {}): void => slowly(() => say(pdu.response(fields)));

    const submit = (pdu: Pdu): void => {
      const multi = pdu.command === 'submit_multi';
      const [first] = multi ? (pdu['dest_address'] as { dl_name?: string; destination_addr?: string }[]) : [];
      const to = multi ? (first?.dl_name ?? first?.destination_addr ?? '') : String(pdu['destination_addr']);
      const { udh, message } = pdu['short_message'] as { udh?: Buffer[]; message: string };
      const header = udh?.find((element) => element[0] === 0x00);
      const submitted = { to, segment: header?.[4] ?? 1, total: header?.[3] ?? 1, validity: pdu['validity_period'] as Date | string, registered: pdu['registered_delivery'] === 1 };
      submissions.push(submitted);
      open += 1;
      peakWindow = Math.max(peakWindow, open);
      const respond = (fields: Record<string, unknown>): void =>
        slowly(() => {
          open -= 1;
          say(pdu.response(fields));
        });
      if (faults.hang) return;
      if (faults.reset) return session.destroy();
      const passing = faults.error ? 0x08 : faults.refuse ? 0x0b : faults.throttle ? 0x58 : 0;
      if (passing !== 0) return respond({ command_status: passing });
      const strange = multi && settings.audience.kind === 'distribution-list' && to !== settings.audience.name ? 0x34 : 0;
      const status = decide?.(submitted) ?? strange;
      if (status !== 0) {
        return respond(multi ? { message_id: `${idPrefix}x${(lastId += 1)}`, unsuccess_sme: [{ destination_addr: to, error_status_code: status }] } : { command_status: status });
      }
      const { id, complete } = take(pdu, to, header, message);
      // A little later, so that what is already on its way is taken and lost too.
      if (complete && faults.loseAcknowledgement) return later(LOSE_AFTER_MS, () => session.destroy());
      if (complete && faults.truncate) return later(LOSE_AFTER_MS, () => sendBroken(session.socket, pdu.response({ message_id: id }).toBuffer(), faults));
      if (complete && faults.trickleMs !== undefined) return sendBroken(session.socket, pdu.response({ message_id: id }).toBuffer(), faults);
      if (complete && faults.rubbish) return void session.socket.write(HTTP_RUBBISH);
      respond(multi ? { message_id: id, unsuccess_sme: [] } : { message_id: id });
    };

    session.on('pdu', (pdu: Pdu) => {
      if (pdu.isResponse()) return;
      if (faults.hang && pdu.command !== 'submit_sm' && pdu.command !== 'submit_multi') return;
      if (pdu.command === 'bind_transceiver') {
        const known = pdu['system_id'] === settings.systemId && pdu['password'] === password;
        if (known) bound.add(session);
        answer(pdu, known ? { system_id: 'smsc' } : { command_status: 0x0e });
        if (known) for (const act of backlog.splice(0)) later(RECEIPT_AFTER_MS, act);
        return;
      }
      if (!bound.has(session)) return answer(pdu, { command_status: 0x04 });
      switch (pdu.command) {
        case 'submit_sm':
        case 'submit_multi':
          return submit(pdu);
        case 'cancel_sm': {
          const message = stored.get(String(pdu['message_id']));
          const done = message?.state === 'enroute';
          if (done) message.state = 'deleted';
          cancels[done ? 'done' : 'late'] += 1;
          return answer(pdu, done ? {} : { command_status: message === undefined ? 0x0c : 0x11 });
        }
        case 'query_sm': {
          const id = String(pdu['message_id']);
          queries.push(id);
          if (answerQueries) return answer(pdu, { message_id: id, ...answerQueries(id) });
          const message = stored.get(id);
          const states = { enroute: 1, delivered: 2, deleted: 4 };
          return answer(pdu, message === undefined ? { command_status: 0x0c } : { message_id: message.id, message_state: states[message.state] });
        }
        case 'enquire_link':
          if (faults.reset) return session.destroy();
          return answer(pdu, faults.error ? { command_status: 0x08 } : {});
        default:
          return answer(pdu);
      }
    });
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, '127.0.0.1', resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    ledger,
    texts,
    submissions,
    cancels,
    queries,
    answerQueries: (fields) => void (answerQueries = fields),
    get peakWindow() {
      return peakWindow;
    },
    get binds() {
      return bound.size;
    },
    setFaults: (next) => void (faults = next),
    decide: (status) => void (decide = status),
    dropBinds: () => sessions.forEach((session) => session.destroy()),
    babble: (bytes) => bound.forEach((session) => session.socket.write(bytes)),
    sendReceipt: (id, word, form = 'text') => deliver(id, word, form),
    waitFor: (predicate, timeoutMs = 5_000) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          if (!predicate(ledger)) return;
          clearTimeout(timer);
          watchers.delete(watch);
          resolve(ledger);
        };
        const timer = setTimeout(() => {
          watchers.delete(watch);
          reject(new Error(`the ledger did not come to that within ${timeoutMs} ms; it has ${ledger.length} entries`));
        }, timeoutMs);
        watchers.add(watch);
        watch();
      }),
    close: async () => {
      timers.forEach(clearTimeout);
      sessions.forEach((session) => session.destroy());
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
