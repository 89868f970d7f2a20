import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { FixedClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import type { Message, Receipt } from '../channel.js';
import { eventually } from '../testing/contract-stage.js';
import { MemoryAudience } from '../testing/memory-audience.js';
import { toLoopback } from '../testing/outgoing.js';
import { sharedFolder } from '../testing/playout-stage.js';
import { sampleEnding, sampleMessage } from '../testing/sample-notice.js';
import { PlayoutConnection, type PlayoutProtocol } from './connection.js';
import type { ControlLine } from './control-line.js';

const patient = new AbortController().signal;

/** A playout of few words: `on KEY`, `off KEY`, `what`; one notice on the air, until it is taken off. */
class FewWords implements PlayoutProtocol<ControlLine> {
  readonly farewell = 'bye\n';
  /** Runs between the command that puts a notice on the air and its answer. */
  meanwhile: () => Promise<unknown> = async () => undefined;
  refuses = false;

  constructor(readonly oneAtATime: boolean) {}

  watchMs = (): number => 5_000;
  talk = (line: ControlLine): ControlLine => line;
  probe = async (line: ControlLine): Promise<undefined> => void (await this.say(line, 'what'));
  prepare = async ({ notice, key }: Message) => ({ files: [{ name: `${notice.alertId}.${key}`, bytes: Buffer.from('x') }], seconds: 20, silent: true });
  approach = async (): Promise<undefined> => undefined;
  play = async (line: ControlLine, { key }: Message) => {
    await this.say(line, `on ${key}`);
    await this.meanwhile();
    return this.refuses ? { kind: 'refused', reason: 'no' } as const : { onAir: true };
  };
  look = async (line: ControlLine, { key }: Message) => ((await this.say(line, 'what')) === key ? 'on air' : 'over');
  silence = async (line: ControlLine, { key }: Message, whose: 'own' | 'others'): Promise<void> => {
    const now = await this.say(line, 'what');
    if (now !== '' && (now === key) === (whose === 'own')) await this.say(line, `off ${now}`);
  };

  private say(line: ControlLine, command: string): Promise<string> {
    return line.ask(`${command}\n`, (received) => (received.endsWith('\n') ? received.trim() : undefined));
  }
}

describe('a connection to a playout', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const stage = async (oneAtATime = false) => {
    const folder = await sharedFolder();
    const heard: string[] = [];
    const sockets = new Set<Socket>();
    let onAir = '';
    const server = createServer((socket) => {
      sockets.add(socket.setEncoding('utf8').on('error', () => undefined));
      socket.on('data', (text: string) => {
        for (const command of text.split('\n').filter((part) => part !== '')) {
          const [verb, key = ''] = command.split(' ');
          if (verb !== 'what') heard.push(command);
          if (verb === 'on') onAir = key;
          if (verb === 'off') onAir = '';
          if (verb === 'bye') socket.end();
          else socket.write(`${onAir}\n`);
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const protocol = new FewWords(oneAtATime);
    const receipts: Receipt[] = [];
    const settings = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 5_000, folder: folder.path, simulated: { speed: 100 } };
    const connection = new PlayoutConnection(
      { id: 'proba' as DestinationId, name: 'Proba', channel: 'few-words', mode: 'drill', settings },
      { clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: () => '', outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt) },
      protocol,
    );
    ends.push(() => folder.remove(), async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(server.close(), 'close');
      await closed;
    }, () => connection.close());
    return { connection, protocol, receipts, heard, onAir: () => onAir, putOn: (key: string) => void (onAir = key), files: () => readdir(folder.path) };
  };

  it('leaves the ending on the air when what it ended is told so only afterwards', async () => {
    const { connection, protocol, onAir, files, heard } = await stage();
    const message = sampleMessage();
    const ending = sampleMessage({ notice: sampleEnding('withdrawn', message.notice) });
    protocol.meanwhile = async () => {
      protocol.meanwhile = async () => undefined;
      await connection.withdraw(ending, patient);
    };
    expect(await connection.publish(message, patient)).toEqual({ kind: 'refused', reason: 'ended' });
    expect(onAir()).toBe(ending.key);
    expect((await files()).filter((name) => name.includes(message.key))).toEqual([]);
    expect(heard.filter((command) => command !== 'bye')).toEqual([`on ${message.key}`, `off ${message.key}`, `on ${ending.key}`]);
  });

  it('takes off again what came on the air after its own ending', async () => {
    const { connection, protocol, onAir, putOn } = await stage();
    const message = sampleMessage();
    protocol.meanwhile = async () => {
      protocol.meanwhile = async () => undefined;
      await connection.withdraw(sampleMessage({ notice: sampleEnding('withdrawn', message.notice) }), patient);
      // The playout carries out the older command last.
      putOn(message.key);
    };
    expect(await connection.publish(message, patient)).toEqual({ kind: 'refused', reason: 'ended' });
    expect(onAir()).toBe('');
  });

  it('leaves no file of what was refused, or was on the air', async () => {
    const { connection, protocol, files, receipts, putOn } = await stage();
    protocol.refuses = true;
    expect(await connection.publish(sampleMessage(), patient)).toEqual({ kind: 'refused', reason: 'no' });
    expect(await files()).toEqual([]);
    protocol.refuses = false;
    await connection.publish(sampleMessage(), patient);
    expect(await files()).toHaveLength(1);
    putOn('');
    expect(await eventually(() => receipts.length > 0)).toBe(true);
    expect(await files()).toEqual([]);
  });

  it('keeps the files of what is put on again while its airing before comes to its end, and sees both through', async () => {
    const { connection, protocol, files, receipts, putOn } = await stage();
    const message = sampleMessage();
    await connection.publish(message, patient);
    protocol.meanwhile = async () => {
      protocol.meanwhile = async () => undefined;
      putOn('');
      // The airing before is over, and was told.
      expect(await eventually(() => receipts.length === 1)).toBe(true);
      expect(await files()).toHaveLength(1);
      putOn(message.key);
    };
    expect((await connection.publish(message, patient)).kind).toBe('accepted');
    putOn('');
    expect(await eventually(() => receipts.length === 2)).toBe(true);
    expect(await files()).toEqual([]);
  });

  it('lets one notice at a time on where there is no queue, and an ending past whoever has the turn', async () => {
    const { connection, protocol, heard } = await stage(true);
    const [first, second] = [sampleMessage(), sampleMessage()];
    const ending = sampleMessage({ notice: sampleEnding('found', sampleMessage().notice) });
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    let arrived: () => void = () => undefined;
    const inTurn = new Promise<void>((resolve) => (arrived = resolve));
    protocol.meanwhile = () => {
      protocol.meanwhile = async () => undefined;
      arrived();
      return held;
    };
    const one = connection.publish(first, patient);
    await inTurn;
    const two = connection.publish(second, patient);
    const waited = new AbortController();
    const impatient = connection.publish(sampleMessage(), waited.signal);
    expect((await connection.withdraw(ending, patient)).kind).toBe('accepted');
    waited.abort();
    expect(await impatient).toEqual({ kind: 'deferred', reason: 'aborted' });
    expect(heard.includes(`on ${second.key}`)).toBe(false);
    go();
    expect([(await one).kind, (await two).kind]).toEqual(['accepted', 'accepted']);
    expect(heard.filter((command) => command.startsWith('on '))).toEqual([first, ending, second].map(({ key }) => `on ${key}`));
  });
});
