import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drillSecrets } from '#cap/testing/secrets.js';
import type { Connection, Line, Message } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { FixedClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { cellBroadcast } from './channel.js';
import type { OsmoCbcSettingsInput } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { centre, centreBehindTls } from './testing/stage.js';

const clock = new FixedClock('2026-11-24T17:00:00Z');
const patient = () => new AbortController().signal;

describe('an Osmocom CBC', () => {
  let secret: (name: string) => string;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    secret = await drillSecrets('operator');
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const open = (port: number, settings: Partial<OsmoCbcSettingsInput> = {}, at = centre): Connection => {
    const line: Line = { clock, log: silentLog, secret, outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined };
    const connection = cellBroadcast.open(at(port, settings), line);
    ends.push(() => connection.close());
    return connection;
  };
  const partner = async (at = centre): Promise<FakePartner> => {
    const started = await startFakePartner(at(0), { secret });
    ends.push(() => started.close());
    return started;
  };
  /** A centre of which each test says what it answers; `seen` is what it was asked. */
  const scripted = async (onRequest: (request: IncomingMessage, response: ServerResponse, asked: number) => void) => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        if (request.method === 'HEAD') return void response.writeHead(404).end();
        seen.push(`${request.method} ${request.url?.replace('/api/ecbe/v1/message', '')}`);
        onRequest(request, response, seen.length);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    });
    return { port: (server.address() as AddressInfo).port, seen };
  };
  const one = { languages: ['sr-Latn'] } satisfies Partial<OsmoCbcSettingsInput>;
  const endingOf = ({ notice }: Message): Message => sampleMessage({ notice: sampleEnding('found', notice) });
  const actions = ({ ledger }: FakePartner, { key }: Message) => ledger.filter((e) => e.key === key).map((e) => `${e.action}${e.duplicate ? ' again' : ''}`);

  it('never promises what handsets do: accepted, and no receipt to come', async () => {
    const { port } = await partner();
    const message = sampleMessage();
    expect(await open(port).publish(message, patient())).toEqual({
      kind: 'accepted', expectedReceipts: 0, references: [`${message.notice.identifier}/4381`, `${message.notice.identifier}/4394`],
    });
  });

  it('replaces by an update, and stops for good: an update under way does not outlive the ending', async () => {
    const cbc = await partner();
    const connection = open(cbc.port);
    const first = sampleMessage();
    const update = sampleMessage({ notice: sampleUpdate(first.notice) });
    const ending = endingOf(update);
    for (const message of [first, update]) expect((await connection.publish(message, patient())).kind).toBe('accepted');
    expect((await connection.withdraw(ending, patient())).kind).toBe('accepted');
    expect([first, update, ending].map((m) => actions(cbc, m))).toEqual([['publish', 'publish'], ['publish', 'publish'], ['withdraw', 'withdraw']]);
    const late = await connection.publish(sampleMessage({ notice: sampleUpdate(update.notice) }), patient());
    expect(late).toEqual({ kind: 'deferred', reason: 'overtaken' });
  });

  it('has the same effect after a crash, when nothing is remembered: the same serial number again', async () => {
    const cbc = await partner();
    const message = sampleMessage();
    for (const connection of [open(cbc.port), open(cbc.port)]) expect((await connection.publish(message, patient())).kind).toBe('accepted');
    expect(actions(cbc, message)).toEqual(['publish', 'publish', 'publish again', 'publish again']);
  });

  it('does not stop another child\'s alert that took the place since', async () => {
    const cbc = await partner();
    const connection = open(cbc.port);
    const [older, newer] = [sampleMessage(), sampleMessage()];
    for (const message of [older, newer]) expect((await connection.publish(message, patient())).kind).toBe('accepted');
    expect((await connection.withdraw(endingOf(older), patient())).kind).toBe('accepted');
    expect(cbc.ledger.filter((e) => e.action === 'withdraw')).toEqual([]);
    expect((await connection.withdraw(endingOf(newer), patient())).kind).toBe('accepted');
    expect(cbc.ledger.filter((e) => e.action === 'withdraw')).toHaveLength(2);
  });

  it('is asked again where an ending may have hit the message that came after it', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const { port } = await scripted((request, response) => {
      if (request.method === 'DELETE') void released.then(() => response.writeHead(200).end('OK'));
      else response.writeHead(201).end('Created');
    });
    const connection = open(port, one);
    const older = sampleMessage();
    expect((await connection.publish(older, patient())).kind).toBe('accepted');
    const stopping = connection.withdraw(endingOf(older), patient());
    const newer = sampleMessage();
    expect(await connection.publish(newer, patient())).toEqual({ kind: 'uncertain', reason: 'stop_crossed' });
    release();
    expect((await stopping).kind).toBe('accepted');
    expect((await connection.publish(newer, patient())).kind).toBe('accepted');
  });

  it.each([
    ['before it is on air', [409], ['POST ', 'DELETE /4381', 'DELETE /4381']],
    ['once it is on air', [201], ['POST ', 'DELETE /4381', 'DELETE /4381']],
  ])('takes nothing on air after the ending that went past it, stopped %s', async (_name, [status], asked) => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let arrived: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (arrived = resolve));
    const { port, seen } = await scripted((request, response) => {
      if (request.method === 'DELETE') return void response.writeHead(200).end('OK');
      arrived();
      void released.then(() => response.writeHead(status!).end());
    });
    const connection = open(port, one);
    const message = sampleMessage();
    const publishing = connection.publish(message, patient());
    await waiting;
    expect((await connection.withdraw(endingOf(message), patient())).kind).toBe('accepted');
    release();
    expect(await publishing).toEqual({ kind: 'deferred', reason: 'overtaken' });
    expect(seen).toEqual(asked);
    expect(await connection.publish(message, patient())).toEqual({ kind: 'deferred', reason: 'overtaken' });
    expect(seen).toEqual(asked);
  });

  it('loses no answer to a DELETE of what it does not know: uncertain in the time of the settings, then gone', async () => {
    const cbc = await partner();
    const connection = open(cbc.port, { timeoutMs: 200 });
    const ending = endingOf(sampleMessage());
    expect(await connection.withdraw(ending, patient())).toEqual({ kind: 'uncertain', reason: 'timeout' });
    expect((await connection.withdraw(ending, patient())).kind).toBe('accepted');
  });

  it.each<[string, readonly number[], object, string[]]>([
    ['201 as accepted', [201], { kind: 'accepted' }, ['POST ']],
    ['200, when no base station answered, as uncertain', [200], { kind: 'uncertain', reason: 'no_cell_answered' }, ['POST ']],
    ['409 as a place to be freed first', [409, 200, 201], { kind: 'accepted' }, ['POST ', 'DELETE /4381', 'POST ']],
    ['409 again as deferred', [409, 200, 409], { kind: 'deferred', reason: 'identifier_active' }, ['POST ', 'DELETE /4381', 'POST ']],
    ['409 and a 404 that is not the centre\'s as refused', [409, 404], { kind: 'refused', reason: 'http_404' }, ['POST ', 'DELETE /4381']],
    ['400 as refused', [400], { kind: 'refused', reason: 'http_400' }, ['POST ']],
    ['204 as uncertain', [204], { kind: 'uncertain', reason: 'answer_invalid' }, ['POST ']],
    ['a redirect as refused', [302], { kind: 'refused', reason: 'redirect' }, ['POST ']],
    ['503 as deferred', [503], { kind: 'deferred', reason: 'http_503' }, ['POST ']],
  ])('%s', async (_name, statuses, outcome, asked) => {
    const { port, seen } = await scripted((_request, response, n) => void response.writeHead(statuses[n - 1]!).end());
    expect(await open(port, one).publish(sampleMessage(), patient())).toMatchObject(outcome);
    expect(seen).toEqual(asked);
  });

  it('that takes one language and not the other has part of it: uncertain, to be repeated', async () => {
    const { port } = await scripted((_request, response, n) => void response.writeHead(n === 1 ? 201 : 400).end());
    expect(await open(port).publish(sampleMessage(), patient())).toEqual({ kind: 'uncertain', reason: 'http_400' });
  });

  it('is well when it answers at all, and is not published to by asking', async () => {
    const cbc = await partner(centreBehindTls);
    const connection = open(cbc.port, {}, centreBehindTls);
    expect(await connection.probe(patient())).toEqual({ well: true });
    cbc.setFaults({ error: true });
    expect(await connection.probe(patient())).toEqual({ well: false, reason: 'http_500' });
    cbc.setFaults({});
    expect((await connection.publish(sampleMessage(), patient())).kind).toBe('accepted');
  });

  it('of drills gets nothing live, and no text that fits no broadcast', async () => {
    const cbc = await partner();
    const connection = open(cbc.port);
    expect(await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), patient())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    const { texts } = sampleNotice();
    const long = { ...texts['sr-Latn'], short: 'č'.repeat(616), full: 'č'.repeat(616) };
    const message = sampleMessage({ notice: sampleNotice({ texts: { ...texts, 'sr-Latn': long } }) });
    expect(await connection.publish(message, patient())).toEqual({ kind: 'refused', reason: 'text_too_long' });
    expect(cbc.ledger).toEqual([]);
  });

  it('simulated keeps the trap of the real one: UCS-2 text is answered 201, and nothing of it is broadcast', async () => {
    const cbc = await partner();
    const body = {
      cbe_name: 'x', repetition_period: 5, scope: { scope_plmn: {} },
      smscb_message: { message_id: 4381, serial_nr: { serial_nr_encoded: 16_384 }, payload: { payload_decoded: { character_set: 'ucs2', data_utf8: 'Čika' } } },
    };
    const answer = await fetch(`http://127.0.0.1:${cbc.port}/api/ecbe/v1/message`, { method: 'POST', body: JSON.stringify(body), headers: { connection: 'close' } });
    expect([answer.status, cbc.ledger]).toEqual([201, []]);
  });
});
