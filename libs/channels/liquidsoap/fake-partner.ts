import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { sha256Hex } from '#kernel/canonical.js';
import type { Destination } from '#dispatch/channel.js';
import { breaksAnswers, isTrickling, sendBroken } from '#dispatch/testing/broken-answer.js';
import type { FakePartner, Faults } from '#dispatch/testing/fake-partner.js';
import { Ledger } from '#dispatch/testing/ledger.js';
import type { LiquidsoapSettings } from './config.js';

interface Held {
  readonly rid: number;
  readonly uri: string;
  readonly metadata: ReadonlyMap<string, string>;
  status: 'ready' | 'playing';
  isSeen: boolean;
}

/** What a spoken notice lasts here, in milliseconds of the station's time: as one that is repeated to its length. */
const NOTICE_MS = 24_000;

/**
 * Plays the server of a Liquidsoap station on loopback as version 2.1.3 answers: commands by telnet, one request on air at a
 * time, a number for a file that is missing too, nothing known any more of what is over. A key that is found again, by
 * who looks before pushing, is written down as a repetition.
 */
export async function startFakePartner(destination: Destination<LiquidsoapSettings>): Promise<FakePartner> {
  const { port, queue, simulated } = destination.settings;
  const station = new Station(new Ledger(destination.id), queue, NOTICE_MS / (simulated?.speed ?? 1));
  const server = createServer((socket) => station.greet(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return station.partner((server.address() as AddressInfo).port, async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
}

class Station {
  private readonly held = new Map<number, Held>();
  private readonly sockets = new Set<Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private faults: Faults = {};
  private next = 0;

  constructor(private readonly ledger: Ledger, private readonly queue: string, private readonly noticeMs: number) {}

  partner(port: number, closeServer: () => Promise<void>): FakePartner {
    return {
      port, ledger: this.ledger.entries,
      setFaults: (faults) => void (this.faults = faults),
      waitFor: (predicate, timeoutMs) => this.ledger.waitFor(predicate, timeoutMs),
      close: async () => {
        for (const timer of this.timers) clearTimeout(timer);
        for (const socket of this.sockets) socket.destroy();
        await closeServer();
      },
    };
  }

  greet(socket: Socket): void {
    this.sockets.add(socket);
    socket.setEncoding('utf8').on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    let received = '';
    let looked: string | undefined;
    const serve = (command: string): void => {
      const [, rid] = /^request\.metadata (\d+)$/.exec(command) ?? [];
      // Whoever asks for a request twice in a row, before pushing, has found what it was to push.
      if (looked !== undefined && rid === looked && this.held.has(Number(rid))) this.write(this.held.get(Number(rid))!, true);
      looked = rid;
      if (command === 'quit') socket.end();
      else this.answer(socket, command);
    };
    socket.on('data', (text: string) => {
      received += text;
      const lines = received.split(/\r?\n/);
      received = lines.pop()!;
      for (const line of lines) serve(line);
    });
  }

  private answer(socket: Socket, command: string): void {
    const answerOf = (text: string): Buffer => Buffer.from(`${text}\r\nEND\r\n`);
    const say = (text: string): void => {
      if (isTrickling(socket)) sendBroken(socket, answerOf(text), this.faults);
      else if (!socket.destroyed) socket.write(answerOf(text));
    };
    const { faults } = this;
    if (faults.latencyMs) return this.later(faults.latencyMs, () => say(this.reply(command)));
    if (!command.startsWith(`${this.queue}.push `)) return say(this.reply(command));
    if (faults.hang) return;
    if (faults.reset) return void socket.destroy();
    if (faults.error) return say('ERROR: unknown command, type "help" to get a list of commands.');
    // A file that the playout cannot read: a number, and then no such request.
    if (faults.refuse) return say(String(this.next++));
    const answer = this.reply(command);
    if (faults.loseAcknowledgement) return void socket.destroy();
    if (breaksAnswers(faults)) return sendBroken(socket, answerOf(answer), faults);
    say(faults.rubbish ? '\u0007 not a number' : answer);
  }

  private reply(command: string): string {
    if (command === 'request.all') return [...this.held.keys()].join(' ');
    if (command === `${this.queue}.queue`) return this.faults.throttle ? Array.from({ length: 100 }, (_, i) => 1_000 + i).join(' ') : [...this.held.values()].filter((r) => r.status === 'ready').map((r) => r.rid).join(' ');
    if (command === `${this.queue}.flush_and_skip`) {
      this.held.clear();
      return 'Done.';
    }
    if (command.startsWith(`${this.queue}.push `)) return this.push(command.slice(this.queue.length + 6));
    const [, rid] = /^request\.metadata (\d+)$/.exec(command) ?? [];
    if (rid === undefined) return 'ERROR: unknown command, type "help" to get a list of commands.';
    const request = this.held.get(Number(rid));
    if (!request) return 'No such request.';
    this.seen(request);
    const escaped = (text: string): string => text.replace(/["\\]/g, '\\$&');
    return [`rid="${rid}"`, `status="${request.status}"`, `initial_uri="${escaped(request.uri)}"`, ...[...request.metadata].map(([name, value]) => `${name}="${escaped(value)}"`)].join('\n');
  }

  private push(uri: string): string {
    const rid = this.next++;
    const metadata = new Map([...uri.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1]!, match[2]!.replace(/\\(["\\])/g, '$1')]));
    const file = /^annotate:(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+:(.+)$/.exec(uri)?.[1] ?? uri;
    if (!existsSync(file)) return String(rid);
    const request: Held = { rid, uri, metadata, status: 'ready', isSeen: false };
    const known = this.ledger.entries.some(({ key }) => key === metadata.get('alert_key'));
    this.held.set(rid, request);
    this.write(request, known);
    this.play();
    return String(rid);
  }

  private write({ metadata, uri }: Held, duplicate: boolean): void {
    const key = metadata.get('alert_key');
    if (key === undefined) return;
    this.ledger.write({ key, action: ['found', 'withdrawn'].includes(metadata.get('alert_kind') ?? '') ? 'withdraw' : 'publish', sha256: sha256Hex(uri), duplicate, at: Date.now() });
  }

  /** The first request that waits goes on air when nothing else is. */
  private play(): void {
    const all = [...this.held.values()];
    const first = all[0];
    if (first && !all.some(({ status }) => status === 'playing')) first.status = 'playing';
  }

  /** Its time runs fast: counted from the first look at it, so that a busy machine does not miss the whole airing. */
  private seen(request: Held): void {
    if (request.status !== 'playing' || request.isSeen) return;
    request.isSeen = true;
    this.later(this.noticeMs, () => {
      if (this.held.get(request.rid) === request) this.held.delete(request.rid);
      this.play();
    });
  }

  private later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }
}
