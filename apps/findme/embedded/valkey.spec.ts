import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import Bull from 'bull';
import { Redis } from 'ioredis';
import { projectRoot } from '#config/project-root.js';
import { freePort } from './process.js';

const PASSWORD = 'a-password-of-the-spec';
const BULL_JOBS = 300;
/** One more than the descriptors Valkey's table has room for: the package's own bridge ended here. */
const MANY_CONNECTIONS = 6_100;
const AT_ONCE = 50;

describe('the bundled Valkey', () => {
  let server: ChildProcess;
  let port: number;
  let redis: Redis;
  const client = (): Redis => new Redis({ host: '127.0.0.1', port, password: PASSWORD });

  beforeAll(async () => {
    port = await freePort();
    const main = join(projectRoot, 'dist/apps/findme/embedded/valkey-main.js');
    server = fork(main, { execArgv: ['--no-warnings'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    server.send({ port, password: PASSWORD });
    await once(server, 'message');
    redis = client();
  });

  afterAll(async () => {
    redis.disconnect();
    const ended = once(server, 'exit');
    server.disconnect();
    expect(await ended).toEqual([0, null]);
  });

  it('refuses who does not know the password', async () => {
    const stranger = new Redis({ host: '127.0.0.1', port, lazyConnect: true, enableReadyCheck: false });
    await stranger.connect();
    await expect(stranger.get('anything')).rejects.toThrow('NOAUTH');
    stranger.disconnect();
  });

  it('answers at once, not at the next tick of its clock', async () => {
    await redis.ping();
    const began = performance.now();
    for (let index = 0; index < 50; index += 1) await redis.incr('counter');
    // The package's own bridge needs 100 ms each.
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(await redis.get('counter')).toBe('50');
  });

  it('runs Lua, with an error inside caught', async () => {
    expect(await redis.eval("redis.call('SET', KEYS[1], ARGV[1]); return redis.call('GET', KEYS[1])", 1, 'lua', 'said')).toBe('said');
    expect(await redis.eval("local r = redis.pcall('INCR', KEYS[1]); return r.err ~= nil and 1 or 0", 1, 'lua')).toBe(1);
  });

  it('passes messages on to subscribers', async () => {
    const subscriber = client();
    await subscriber.subscribe('news');
    const heard = once(subscriber, 'message');
    await redis.publish('news', 'found');
    expect(await heard).toEqual(['news', 'found']);
    subscriber.disconnect();
  });

  it('wakes a blocked reader, and lets one go whose time is over', async () => {
    const blocked = client();
    const moved = blocked.brpoplpush('waiting', 'taken', 10);
    await redis.lpush('waiting', 'job');
    expect(await moved).toBe('job');
    expect(await blocked.brpoplpush('waiting', 'taken', 0.1)).toBeNull();
    blocked.disconnect();
  });

  it('carries a value larger than any buffer both ways', async () => {
    const large = 'ž'.repeat(4_000_000);
    await redis.set('large', large);
    expect((await redis.get('large')) === large).toBe(true);
    await redis.del('large');
  });

  it('answers a client that has already said all', async () => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    socket.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    socket.end(`AUTH ${PASSWORD}\r\nPING\r\n`);
    await once(socket, 'close');
    expect(said).toBe('+OK\r\n+PONG\r\n');
  });

  it('runs Bull: every job once, a delayed one not before its time', async () => {
    const queue = new Bull<{ number: number }>('spec', { redis: { host: '127.0.0.1', port, password: PASSWORD }, prefix: '{bull}' });
    const seen: number[] = [];
    const all = new Promise<void>((resolve) => {
      void queue.process(10, ({ data }) => {
        seen.push(data.number);
        if (seen.length === BULL_JOBS) resolve();
        return Promise.resolve();
      });
    });
    await queue.addBulk(Array.from({ length: BULL_JOBS }, (_, number) => ({ data: { number } })));
    await all;
    expect([...seen].sort((one, other) => one - other)).toEqual(Array.from({ length: BULL_JOBS }, (_, number) => number));

    const began = performance.now();
    const late = await queue.add({ number: -1 }, { delay: 150 });
    await late.finished();
    expect(performance.now() - began).toBeGreaterThanOrEqual(149);
    await queue.close();
  });

  it('gives descriptors back: more connections than its table is long', async () => {
    const visit = async (): Promise<void> => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`AUTH ${PASSWORD}\r\n`);
      await once(socket, 'data');
      socket.destroy();
    };
    for (let index = 0; index < MANY_CONNECTIONS; index += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, visit));
    expect(await redis.ping()).toBe('PONG');
  });
});
