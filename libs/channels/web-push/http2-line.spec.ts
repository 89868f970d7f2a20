import { once } from 'node:events';
import { constants, createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { Code, Flag, frame, frameHead, FrameReader, number, PREFACE, Setting, settings, Type } from './http2-frames.js';
import { Http2Line } from './http2-line.js';
import type { Headers } from './hpack.js';

type Fate = { readonly status: number; readonly retryAfter: string | undefined } | { readonly reason: string; readonly left: boolean };

/** Sends a request; what became of it, and what calls it off. */
function send(line: Http2Line, path = '/', headers: Headers = [], octets = Buffer.from('x')): { readonly fate: Promise<Fate>; readonly cancel: () => void } {
  let cancel: () => void = () => undefined;
  const fate = new Promise<Fate>((resolve) => {
    cancel = line.begin({
      path, headers, body: () => octets, answered: (status, retryAfter) => resolve({ status, retryAfter }), broken: (reason, left) => resolve({ reason, left }),
    });
  });
  return { fate, cancel };
}
const statusOf = async (sent: { readonly fate: Promise<Fate> }) => (await sent.fate as { status: number }).status;

/** nghttp2, as Node has it: a server that nobody here wrote. */
describe('an HTTP/2 connection to nghttp2', () => {
  let server: Http2Server;
  let session: ServerHttp2Session;
  let line: Http2Line;
  async function open(serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void, more: Settings = {}): Promise<void> {
    server = createServer({ settings: more });
    server.on('session', (one) => (session = one.on('error', () => undefined))).on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      serve(stream, headers);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    line = new Http2Line(socket, 'push.example');
    await line.ready;
  }
  afterEach(async () => {
    line.destroy();
    session.destroy();
    await new Promise((done) => server.close(done));
  });
  const bodyOf = async (stream: ServerHttp2Stream) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it.each([4_096, 300, 50, 0, 100_000])('sends headers as they are, however many of them the server remembers: %i octets', async (headerTableSize) => {
    const seen: IncomingHttpHeaders[] = [];
    await open((stream, headers) => {
      seen.push(headers);
      stream.resume().respond({ ':status': 201 }, { endStream: true });
    }, { headerTableSize });
    // Some stay, some change, some are longer than a table and than a frame.
    const sets = Array.from({ length: 40 }, (_, n): Headers => [['authorization', `vapid ${'t'.repeat(n === 7 ? 20_000 : 300)}`], ['ttl', String(n % 5)], ['topic', `topic-${n % 3}`], [`x-${n % 11}`, 'a'.repeat(n)]]);
    const asked = Array.from({ length: 120 }, (_, n) => ({ path: `/wpush/${'p'.repeat(n)}/${n}?token=%3d`, headers: sets[(n * 7) % sets.length]! }));
    expect(await Promise.all(asked.map(({ path, headers }) => statusOf(send(line, path, headers))))).toEqual(asked.map(() => 201));
    expect(seen.map(({ [':path']: path }) => path)).toEqual(asked.map(({ path }) => path));
    asked.forEach(({ headers }, n) => expect(headers.map(([name]) => [name, seen[n]![name]])).toEqual(headers));
    expect(new Set(seen.map((head) => [head[':method'], head[':scheme'], head[':authority']].join()))).toEqual(new Set(['POST,https,push.example']));
  });

  it('reads every status and Retry-After that there is', async () => {
    const statuses = Array.from({ length: 400 }, (_, n) => 200 + n);
    const words = [...Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n).repeat(1 + (n % 7))), 'Fri, 27 Nov 2026 08:00:00 GMT', '120', 'a b'];
    await open((stream, headers) => {
      const n = Number(headers[':path']!.slice(1));
      stream.resume().respond({ ':status': statuses[n]!, 'retry-after': words[n % words.length]!, location: '/m/1' }, { endStream: true });
    });
    expect(await Promise.all(statuses.map((_, n) => send(line, `/${n}`).fate))).toEqual(statuses.map((status, n) => ({ status, retryAfter: words[n % words.length] })));
  });

  it('has no more under way than the server allows, and all get their turn', async () => {
    let most = 0;
    let served = 0;
    const held: ServerHttp2Stream[] = [];
    await open((stream) => {
      most = Math.max(most, held.push(stream.resume()));
      // Answered by sevens, and the two that are left of a hundred.
      if (held.length < 7 && served + held.length < 100) return;
      for (const one of held.splice(0)) one.respond({ ':status': 201 }, { endStream: true });
      served = served < 98 ? served + 7 : 100;
    }, { maxConcurrentStreams: 7 });
    expect(line.hasRoom).toBe(true);
    const sent = Array.from({ length: 100 }, () => send(line));
    expect(line.hasRoom).toBe(false);
    expect(await Promise.all(sent.map(statusOf))).toEqual(sent.map(() => 201));
    expect(most).toBe(7);
    expect(line.load).toBe(0);
  });

  it.each([0, 100, 65_535])('sends no more of a body than the server has room for: %i octets at first', async (initialWindowSize) => {
    const seen: Buffer[] = [];
    await open((stream) => void bodyOf(stream).then((body) => {
      seen.push(body);
      stream.respond({ ':status': 201 }, { endStream: true });
    }), { initialWindowSize });
    const bodies = Array.from({ length: 60 }, (_, n) => Buffer.alloc(n === 0 ? 70_000 : 4_096, n));
    const sent = bodies.map((octets) => send(line, '/', [], octets));
    // A server that gives no room has to give some.
    if (initialWindowSize === 0) session.settings({ initialWindowSize: 1_000 });
    expect(await Promise.all(sent.map(statusOf))).toEqual(bodies.map(() => 201));
    expect(seen.map((body) => `${body.length} ${body[0]}`).sort()).toEqual(bodies.map((body) => `${body.length} ${body[0]}`).sort());
  });

  it('reads past news on the way, a body and trailers', async () => {
    await open((stream) => {
      stream.resume().additionalHeaders({ ':status': 103, link: '</x>' });
      stream.respond({ ':status': 201 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ digest: 'x' }));
      stream.end('y'.repeat(20_000));
    });
    // More than a connection's first window by far.
    const sent = Array.from({ length: 50 }, () => send(line));
    expect(await Promise.all(sent.map(statusOf))).toEqual(sent.map(() => 201));
    expect(await statusOf(send(line))).toBe(201);
  });

  it.each([['that goes on for ever', Buffer.alloc(40_000)], ['that never ends', Buffer.from('z')]])('cuts a body %s, and serves others meanwhile', async (_, piece) => {
    const cut: Promise<unknown>[] = [];
    await open((stream, headers) => {
      stream.resume().respond({ ':status': 201 }, { endStream: headers[':path'] === '/good' });
      if (headers[':path'] === '/good') return;
      cut.push(once(stream, 'close').then(() => stream.rstCode));
      const more = () => { if (!stream.destroyed) stream.write(piece, () => piece.length > 1 && more()); };
      more();
    });
    expect(await statusOf(send(line, '/bad'))).toBe(201);
    expect(await statusOf(send(line, '/good'))).toBe(201);
    expect(await Promise.all(cut)).toEqual([constants.NGHTTP2_CANCEL]);
  });

  it('says what the server has not touched, when it goes and when it refuses', async () => {
    await open((stream, headers) => {
      if (headers[':path'] === '/refused') return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      if (headers[':path'] === '/reset') return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      if (headers[':path'] !== '/last') return;
      stream.session!.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
      stream.resume().respond({ ':status': 201 }, { endStream: true });
    });
    expect(await send(line, '/refused').fate).toEqual({ reason: 'reset', left: false });
    expect(await send(line, '/reset').fate).toEqual({ reason: 'reset', left: true });
    const [last, after] = [send(line, '/last'), send(line, '/after')];
    expect(await Promise.all([last.fate, after.fate])).toEqual([{ status: 201, retryAfter: undefined }, { reason: 'reset', left: false }]);
    expect(line.closed).toBe(true);
    expect(await send(line).fate).toEqual({ reason: 'reset', left: false });
  });

  it('answers to a ping and asks by one', async () => {
    await open(() => undefined);
    expect(await line.ping()).toBe(true);
    expect(await new Promise((answered) => session.ping((error) => answered(error)))).toBeNull();
    const lost = line.ping();
    line.destroy();
    expect([await lost, await line.ping()]).toEqual([false, false]);
  });
});

/** A server that does as it likes. */
describe('an HTTP/2 connection to a server that', () => {
  const OK = Buffer.of(0x88);
  const done = Flag.END_HEADERS | Flag.END_STREAM;
  const good = frame(Type.SETTINGS, 0, 0, settings());
  async function open(first: Buffer = good): Promise<{ readonly line: Http2Line; readonly server: Duplex; readonly heard: { readonly type: number; readonly id: number; readonly payload: Buffer }[] }> {
    const [socket, server] = duplexPair();
    const line = new Http2Line(socket, 'push.example');
    const heard: { type: number; id: number; payload: Buffer }[] = [];
    const reader = new FrameReader((type, _flags, id, payload) => {
      heard.push({ type, id, payload });
      if (type === Type.PING) server.write(frame(Type.PING, Flag.ACK, 0, payload));
    });
    let skip = PREFACE.length;
    server.on('data', (octets: Buffer) => {
      const rest = octets.subarray(skip);
      skip = Math.max(0, skip - octets.length);
      reader.read(rest);
    }).on('error', () => undefined);
    server.write(first);
    await line.ready.catch(() => undefined);
    return { line, server, heard };
  }

  it('writes one octet at a time is understood', async () => {
    const { line, server } = await open();
    const sent = send(line);
    const answer = [
      frame(99, 0, 0, Buffer.from('of a kind to come')),
      frame(Type.HEADERS, Flag.PADDED | Flag.PRIORITY, 1, Buffer.concat([Buffer.of(2), Buffer.alloc(5), Buffer.of(0x20, 0x48), Buffer.alloc(2)])),
      frame(Type.CONTINUATION, Flag.END_HEADERS, 1, Buffer.from('\x03429')), frame(Type.DATA, Flag.END_STREAM, 1, Buffer.alloc(0)),
    ];
    for (const octet of Buffer.concat(answer)) server.write(Buffer.of(octet));
    expect(await sent.fate).toEqual({ status: 429, retryAfter: undefined });
    line.destroy();
  });

  it.each<[string, Buffer]>([
    ['sends a frame over the limit', frameHead(16_385, Type.DATA, 0, 1)],
    ['answers what nobody asked', frame(Type.HEADERS, done, 3, OK)],
    ['answers on a stream of its own', frame(Type.HEADERS, done, 2, OK)],
    ['pushes', frame(Type.PUSH_PROMISE, Flag.END_HEADERS, 1, Buffer.concat([number(2), OK]))],
    ['sends a body without a head', frame(Type.DATA, 0, 1, OK)],
    ['speaks of a header that nobody was to remember', frame(Type.HEADERS, done, 1, Buffer.of(0x88, 0xbe))],
    ['speaks of the entry 0', frame(Type.HEADERS, done, 1, Buffer.of(0x88, 0x80))],
    ['has no status', frame(Type.HEADERS, done, 1, Buffer.of(0x90))],
    ['has a status that is none', frame(Type.HEADERS, done, 1, Buffer.from('\x08\x0320x', 'latin1'))],
    ['breaks off in a header', frame(Type.HEADERS, done, 1, Buffer.of(0x88, 0x40, 0x05, 0x61))],
    ['counts without end', frame(Type.HEADERS, done, 1, Buffer.of(0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))],
    ['has more padding than payload', frame(Type.HEADERS, done | Flag.PADDED, 1, Buffer.of(9, 0x88))],
    ['continues nothing', frame(Type.CONTINUATION, Flag.END_HEADERS, 1, OK)],
    ['puts something into a header block', Buffer.concat([frame(Type.HEADERS, 0, 1, OK), frame(Type.PING, 0, 0, Buffer.alloc(8))])],
    ['never ends a header block', Buffer.concat([frame(Type.HEADERS, 0, 1, OK), ...Array.from({ length: 10_000 }, () => frame(Type.CONTINUATION, 0, 1, Buffer.alloc(0)))])],
    ['cuts its settings off', frame(Type.SETTINGS, 0, 0, Buffer.alloc(5))],
    ['wants frames that are too small', frame(Type.SETTINGS, 0, 0, settings([Setting.MAX_FRAME_SIZE, 100]))],
    ['opens a window too wide', frame(Type.WINDOW_UPDATE, 0, 0, number(0x7fff_ffff))],
    ['opens a window by nothing', frame(Type.WINDOW_UPDATE, 0, 1, number(0))],
    ['resets without a reason', frame(Type.RST_STREAM, 0, 1, Buffer.alloc(0))],
  ])('%s is not spoken to any longer', async (_, octets) => {
    const { line, server } = await open();
    let closed = 0;
    line.onClose = () => (closed += 1);
    const sent = send(line);
    server.write(octets);
    expect(await sent.fate).toEqual({ reason: 'protocol', left: true });
    expect([line.closed, closed]).toEqual([true, 1]);
  });

  it.each<[string, Buffer]>([['speaks HTTP/1.1', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], ['sends no settings first', frame(Type.PING, 0, 0, Buffer.alloc(8))]])('%s is no HTTP/2 server', async (_, octets) => {
    const { line } = await open(octets);
    await expect(line.ready).rejects.toThrow('protocol');
  });

  it('takes one request at a time is told which is called off, hears nothing of one that waited, and gets the next', async () => {
    const { line, server, heard } = await open(frame(Type.SETTINGS, 0, 0, settings([Setting.MAX_CONCURRENT_STREAMS, 1])));
    const [first, second, third] = [send(line, '/first'), send(line, '/second'), send(line, '/third')];
    second.cancel();
    first.cancel();
    await line.ping();
    const told = heard.filter(({ type }) => type === Type.HEADERS || type === Type.RST_STREAM);
    expect(told.map(({ type, id }) => `${type === Type.HEADERS ? 'begins' : 'ends'} ${id}`)).toEqual(['begins 1', 'ends 1', 'begins 3']);
    expect(told[1]!.payload).toEqual(number(Code.CANCEL));
    expect(told[2]!.payload.includes('/third')).toBe(true);
    server.write(frame(Type.HEADERS, done, 3, OK));
    expect(await statusOf(third)).toBe(200);
    first.cancel();
    await line.ping();
    expect(heard.filter(({ type }) => type === Type.RST_STREAM)).toHaveLength(1);
    line.destroy();
  });

  it('goes away leaves open what it was told, and nothing of what waited', async () => {
    const { line, server } = await open(frame(Type.SETTINGS, 0, 0, settings([Setting.MAX_CONCURRENT_STREAMS, 1])));
    const sent = [send(line), send(line)];
    server.end();
    expect(await Promise.all(sent.map(({ fate }) => fate))).toEqual([{ reason: 'reset', left: true }, { reason: 'reset', left: false }]);
  });

  it('answers before it has read all is told that no more comes', async () => {
    const { line, server, heard } = await open(frame(Type.SETTINGS, 0, 0, settings([Setting.INITIAL_WINDOW_SIZE, 3])));
    const sent = send(line, '/', [], Buffer.from('abcdef'));
    server.write(frame(Type.HEADERS, done, 1, OK));
    expect(await statusOf(sent)).toBe(200);
    expect(await line.ping()).toBe(true);
    expect(heard.filter(({ id }) => id === 1).map(({ type, payload }) => [type, type === Type.HEADERS ? '' : payload.toString('latin1')])).toEqual([
      [Type.HEADERS, ''], [Type.DATA, 'abc'], [Type.RST_STREAM, number(Code.NO_ERROR).toString('latin1')],
    ]);
    line.destroy();
  });

  it('has no more room is sent no more, over all requests, until it has', async () => {
    const { line, server, heard } = await open();
    const sizes = () => heard.filter(({ type }) => type === Type.DATA).map(({ payload }) => payload.length);
    const sent = Array.from({ length: 20 }, () => send(line, '/', [], Buffer.alloc(4_096)));
    expect(await line.ping()).toBe(true);
    expect(sizes().reduce((sum, size) => sum + size)).toBe(65_535);
    server.write(frame(Type.WINDOW_UPDATE, 0, 0, number(20 * 4_096 - 65_535 - 1)));
    await line.ping();
    expect(sizes().reduce((sum, size) => sum + size)).toBe(20 * 4_096 - 1);
    server.write(frame(Type.WINDOW_UPDATE, 0, 0, number(1)));
    sent.forEach((_, n) => server.write(frame(Type.HEADERS, done, 2 * n + 1, OK)));
    expect(await Promise.all(sent.map(statusOf))).toEqual(sent.map(() => 200));
    line.destroy();
  });

  it('sends bodies gets room for more from others, and none for one that is too long', async () => {
    const { line, server, heard } = await open();
    const sent = [send(line), send(line)];
    for (const id of [1, 3]) server.write(frame(Type.HEADERS, Flag.END_HEADERS, id, OK));
    expect(await Promise.all(sent.map(statusOf))).toEqual([200, 200]);
    for (let at = 0; at < 65_535; at += 13_107) server.write(frame(Type.DATA, 0, 1, Buffer.alloc(13_107)));
    await line.ping();
    const told = heard.filter(({ type }) => type === Type.WINDOW_UPDATE || type === Type.RST_STREAM).map(({ type, id, payload }) => [type, id, payload.readUInt32BE(0)]);
    expect(told).toEqual([[Type.WINDOW_UPDATE, 0, 39_321], [Type.RST_STREAM, 1, Code.CANCEL]]);
    expect(line.load).toBe(1);
    line.destroy();
  });
});
