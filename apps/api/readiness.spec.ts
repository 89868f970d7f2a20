import { createServer, type AddressInfo } from 'node:net';
import type { House } from '#apps/composition.js';
import type { AlertViews } from '#storage/alert-views.js';
import { Readiness } from './readiness.js';

const house = (REDIS_URL?: string) => ({ environment: { REDIS_URL } }) as unknown as House;
const views = (ping: () => Promise<void>) => ({ ping }) as unknown as AlertViews;
const up = views(() => Promise.resolve());

async function looked(readiness: Readiness) {
  try {
    return await readiness.look();
  } finally {
    readiness.onModuleDestroy();
  }
}

describe('readiness', () => {
  it('is there with both', async () => {
    const readiness = new Readiness(up, house(process.env['FINDME_TEST_REDIS_URL']));
    const until = performance.now() + 60_000;
    // It connects by itself; asked too early, it says so without waiting.
    while ((await readiness.look()).redis !== 'up' && performance.now() < until) await new Promise(setImmediate);
    expect(await looked(readiness)).toEqual({ status: 'ready', database: 'up', redis: 'up' });
  });

  it('is degraded, and quick to say so, when Redis is away or silent', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => { silent.once('listening', listening); });
    const { port } = silent.address() as AddressInfo;
    for (const url of ['redis://127.0.0.1:1', `redis://127.0.0.1:${String(port)}`]) {
      const begun = performance.now();
      expect(await looked(new Readiness(up, house(url)))).toEqual({ status: 'degraded', database: 'up', redis: 'down' });
      // Whoever waits for Redis to come waits for ever.
      expect(performance.now() - begun).toBeLessThan(5_000);
    }
    silent.close();
  });

  it('is not there when the database refuses, or says nothing for a second', async () => {
    expect(await looked(new Readiness(views(() => Promise.reject(new Error())), house()))).toEqual({ status: 'unready', database: 'down', redis: 'none' });
    expect((await looked(new Readiness(views(() => new Promise(() => undefined)), house()))).status).toBe('unready');
  });
});
