import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import type { Log } from '#kernel/log.js';
import { eventOf, EventStream, type StreamEvent, type StreamInput } from './event-stream.js';

const chain: StreamEvent[] = Array.from({ length: 40 }, (_, n) => eventOf(n + 1, 'test', { n: n + 1 }));
const logged: { name: string; fields: object }[] = [];
const log: Log = { event: (name, fields) => void logged.push({ name, fields }) };
beforeEach(() => void logged.splice(0));

/** A stream at `position` of the chain, whose past is read ten at a time. */
function stream(position: { at: number }, more: Partial<StreamInput> = {}): EventStream {
  return new EventStream({
    name: 'test', log, position: () => position.at,
    history: (after) => Promise.resolve({ events: chain.filter(({ seq }) => seq > after).slice(0, 10), upTo: Math.min(after + 10, chain.length) }),
    ...more,
  });
}

/** A reader that keeps what it is sent, and the ids in it. */
function reader(): { out: PassThrough; ids: () => number[]; text: () => string } {
  const out = new PassThrough();
  let text = '';
  out.on('data', (chunk: Buffer) => { text += chunk.toString(); });
  return { out, text: () => text, ids: () => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])) };
}
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
/** A reader that takes nothing. */
const stalled = () => new Writable({ highWaterMark: 1, write: () => undefined });

describe('an event stream', () => {
  it('is in the format of Server-Sent Events', () => {
    expect(eventOf(7, 'alert.found', { a: 'x\ny' }).bytes.toString()).toBe('id: 7\nevent: alert.found\ndata: {"a":"x\\ny"}\n\n');
  });

  it('sends what is new to who names no place, and everything after its place to who names one, each once and in order', async () => {
    const position = { at: 30 };
    const events = stream(position);
    const [fresh, resuming, lost] = [reader(), reader(), reader()];
    await Promise.all([events.join(fresh.out), events.join(resuming.out, 19), events.join(lost.out, 1_000)]);
    // The past was read beyond the position: the same events then come as new ones.
    position.at = 40;
    for (const part of [chain.slice(30, 35), chain.slice(35)]) events.send(part);
    await new Promise(setImmediate);
    expect([fresh.ids(), resuming.ids(), lost.ids()]).toEqual([upTo(31, 40), upTo(20, 40), upTo(31, 40)]);
    expect(fresh.text().startsWith('retry: ')).toBe(true);
  });

  it('loses nothing that happens while a reader catches up', async () => {
    const position = { at: 20 };
    let passed = false;
    const events: EventStream = stream(position, {
      history: async (after) => {
        await new Promise(setImmediate);
        const found = chain.filter(({ seq }) => seq > after && seq <= position.at).slice(0, 10);
        if (!passed) {
          passed = true;
          position.at = 25;
          events.send(chain.slice(20, 25));
        }
        return { events: found, upTo: found.at(-1)?.seq ?? position.at };
      },
    });
    const one = reader();
    await events.join(one.out, 0);
    position.at = 40;
    events.send(chain.slice(25));
    await new Promise(setImmediate);
    expect(one.ids()).toEqual(upTo(1, 40));
  });

  it('drops a reader that has stood still since the last heartbeat, and shows the others that it lives', async () => {
    const events = stream({ at: 0 });
    const well = reader();
    const still = stalled();
    await Promise.all([events.join(well.out), events.join(still)]);
    const waiting = still.writableLength;
    events.beat();
    expect([events.size, still.destroyed, still.writableLength]).toEqual([2, false, waiting]);
    events.beat();
    expect([events.size, still.destroyed, logged]).toEqual([1, true, [{ name: 'stream.dropped', fields: { stream: 'test', cause: 'stalled' } }]]);
    await new Promise(setImmediate);
    expect(well.text().match(/^event: beat$/gm)).toHaveLength(2);
  });

  it('cuts off a reader that does not take its past, without keeping more than a page for it', async () => {
    const events = stream({ at: 40 }, { limits: { patienceMs: 20 } });
    const still = stalled();
    await events.join(still, 0);
    expect([still.destroyed, events.size]).toEqual([true, 0]);
    expect(still.writableLength).toBeLessThan(1_000);
  });

  it('lets a reader go that the past cannot be read for, sends the old ones round, and has room for so many', async () => {
    const events = stream({ at: 40 }, { history: () => Promise.reject(new Error('away')), limits: { ageMs: -1, readers: 1 } });
    const lost = reader();
    await events.join(lost.out, 3);
    expect([lost.out.destroyed, events.size]).toEqual([true, 0]);
    const old = reader();
    await events.join(old.out);
    expect(() => { events.mustHaveRoom(); }).toThrow('STREAM_FULL');
    events.beat();
    expect([old.out.writableEnded, events.size]).toEqual([true, 0]);
  });

  it('forgets who goes away, with an error or without, and who had gone before it came', async () => {
    const events = stream({ at: 0 });
    const [leaving, failing, gone] = [reader(), reader(), reader()];
    gone.out.destroy();
    await once(gone.out, 'close');
    await Promise.all([leaving, failing, gone].map(({ out }) => events.join(out)));
    expect(events.size).toBe(2);
    const away = Promise.all([leaving, failing].map(({ out }) => new Promise((resolve) => out.once('close', resolve))));
    leaving.out.destroy();
    failing.out.destroy(new Error('reset'));
    await away;
    expect([events.size, logged]).toEqual([0, []]);
  });

  it('counts who is still catching up, and ends the streams of those too', async () => {
    let answer: () => void = () => undefined;
    const events = stream({ at: 40 }, { history: () => new Promise((resolve) => (answer = () => resolve({ events: [], upTo: 40 }))), limits: { readers: 2 } });
    const [well, late] = [reader(), reader()];
    await events.join(well.out);
    const joining = events.join(late.out, 3);
    expect(() => { events.mustHaveRoom(); }).toThrow('STREAM_FULL');
    events.close();
    expect([events.size, well.out.writableEnded, late.out.writableEnded]).toEqual([0, true, true]);
    answer();
    await joining;
    expect(events.size).toBe(0);
  });

  it('keeps its pace for everybody when one of them reads nothing, and drops that one with a bounded amount waiting', async () => {
    const position = { at: 0 };
    const events = stream(position, { limits: { waitingBytes: 256 * 1024 } });
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      void events.join(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // Asks, and then takes no octet.
    const slow = connect(port, '127.0.0.1');
    slow.on('error', () => undefined);
    slow.pause();
    slow.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const well = await new Promise<IncomingMessage>((resolve) => { get({ port, host: '127.0.0.1', agent: false }, resolve); });
    let taken = 0;
    let newest = 0;
    let tail = '';
    well.on('data', (chunk: Buffer) => {
      taken += chunk.length;
      tail = `${tail}${chunk.toString('latin1')}`.slice(-70_000);
      for (const match of tail.matchAll(/^id: (\d+)$/gm)) newest = Math.max(newest, Number(match[1]));
    });
    while (events.size < 2) await new Promise(setImmediate);

    const fat = 'x'.repeat(64 * 1024);
    let seq = 0;
    while (logged.length === 0 && seq < 2_000) {
      seq += 1;
      events.send([eventOf(seq, 'fat', { fat })]);
      // The well one has read this far before the next is sent.
      while (newest < seq) await new Promise(setImmediate);
    }
    expect(logged).toEqual([{ name: 'stream.dropped', fields: { stream: 'test', cause: 'slow' } }]);
    expect([events.size, taken > seq * 64 * 1024]).toEqual([1, true]);
    slow.destroy();
    events.close();
    server.closeAllConnections();
    server.close();
  });
});
