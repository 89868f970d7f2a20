import { spawnSync } from 'node:child_process';
import { Breaker, type BreakerPolicy } from './breaker.js';
import type { Outcome } from './channel.js';

const POLICY: BreakerPolicy = { timeoutMs: 30, thresholdPercentage: 50, volume: 3, patienceMs: 1_000 };
const ACCEPTED: Outcome = { kind: 'accepted', references: [], expectedReceipts: 0 };
const uncertain = (reason = 'timeout'): Outcome => ({ kind: 'uncertain', reason });
const deferred = (reason = 'connection_refused'): Outcome => ({ kind: 'deferred', reason });

const breakers: Breaker[] = [];
afterEach(() => {
  for (const breaker of breakers.splice(0)) breaker.stop();
});

function make(policy: Partial<BreakerPolicy> = {}) {
  const changes: string[] = [];
  let now = 0;
  const breaker = new Breaker('rts', () => now, (state) => changes.push(state), { ...POLICY, ...policy });
  breakers.push(breaker);
  const send = (outcome: Outcome) => breaker.send(async () => outcome);
  const fail = async (times: number, outcome = uncertain()) => {
    for (let n = 0; n < times; n += 1) await send(outcome);
  };
  return { breaker, changes, send, fail, pass: (ms: number) => { now += ms; } };
}

describe('a closed breaker', () => {
  it('hands every outcome through as it came', async () => {
    const { send } = make();
    for (const outcome of [ACCEPTED, uncertain(), deferred(), { kind: 'refused', reason: 'no' } as const]) expect(await send(outcome)).toEqual(outcome);
  });

  it('opens on failing sends, once there are enough of them', async () => {
    const { breaker, fail, changes } = make();
    await fail(2);
    expect(breaker.state).toBe('closed');
    await fail(1, deferred());
    expect(breaker.state).toBe('open');
    expect(changes).toEqual(['open']);
  });

  it.each([
    ['a refusal', { kind: 'refused', reason: 'bad' }],
    ['"slow down"', { kind: 'deferred', reason: 'throttled' }],
    ['"slow down" over HTTP', { kind: 'deferred', reason: 'http_429' }],
    ['"slow down" of an operator', { kind: 'deferred', reason: 'ESME_RTHROTTLED: 0 of 2 taken, 0 unknown' }],
    ['an operator whose queue is full', { kind: 'deferred', reason: 'ESME_RMSGQFUL' }],
    ['an attempt that we ended before its first byte', { kind: 'deferred', reason: 'aborted' }],
    ['an attempt that we ended later', { kind: 'uncertain', reason: 'aborted' }],
  ] as [string, Outcome][])('does not count %s as trouble', async (_what, outcome) => {
    const { breaker, fail } = make();
    await fail(20, outcome);
    expect(breaker.state).toBe('closed');
  });

  it('calls a send that never ends uncertain, and opens on such sends', async () => {
    const { breaker } = make();
    const hung = () => breaker.send(() => new Promise<Outcome>(() => undefined));
    expect(await Promise.all([hung(), hung(), hung()])).toEqual([uncertain(), uncertain(), uncertain()]);
    expect(breaker.state).toBe('open');
  });

  it('opens even when calls hang so long that they are judged long after they began', async () => {
    // opossum counts a call when it is fired; a window shorter than a hang would have forgotten it.
    const { breaker } = make({ timeoutMs: 400 });
    await Promise.all([1, 2, 3].map(() => breaker.send(() => new Promise<Outcome>(() => undefined))));
    expect(breaker.state).toBe('open');
  });

  it('lets a bug through as an error', async () => {
    const { breaker } = make();
    await expect(breaker.send(async () => { throw new TypeError('bug'); })).rejects.toThrow('bug');
    await expect(breaker.send(() => { throw new TypeError('at once'); })).rejects.toThrow('at once');
  });

  it('opens on failing probes alone, so that a dead partner is known before the first alert', async () => {
    const { breaker } = make();
    for (let n = 0; n < 3; n += 1) await breaker.probed(false);
    expect(breaker.state).toBe('open');
    await breaker.probed(false);
    expect(breaker.state).toBe('open');
  });
});

describe('an open breaker', () => {
  const opened = async (policy: Partial<BreakerPolicy> = {}) => {
    const made = make(policy);
    await made.fail(3);
    return made;
  };

  it('holds messages back, and says for how long at most', async () => {
    const { breaker, pass } = await opened();
    expect([breaker.admits(), breaker.holdMs]).toEqual([false, 1_000]);
    pass(400);
    expect([breaker.admits(), breaker.holdMs]).toEqual([false, 600]);
  });

  it('lets one message through after its patience, and the next after another', async () => {
    const { breaker, pass } = await opened();
    pass(1_000);
    expect([breaker.admits(), breaker.admits(), breaker.holdMs]).toEqual([true, false, 1_000]);
    pass(1_000);
    expect(breaker.admits()).toBe(true);
  });

  it('is closed by a probe that went well, and by no other', async () => {
    const { breaker, changes } = await opened();
    await breaker.probed(false);
    expect(breaker.state).toBe('open');
    await breaker.probed(true);
    expect([breaker.state, breaker.admits(), breaker.holdMs]).toEqual(['closed', true, 0]);
    expect(changes).toEqual(['open', 'closed']);
  });

  it('is closed by a message that got through, held for longer by one that did not', async () => {
    const { breaker, send, pass } = await opened();
    pass(1_000);
    expect(await send(uncertain())).toEqual(uncertain());
    expect([breaker.state, breaker.holdMs]).toEqual(['open', 1_000]);
    expect(await send(ACCEPTED)).toEqual(ACCEPTED);
    expect(breaker.state).toBe('closed');
  });

  it('is closed by no time that passes: an alert is not used to try whether a partner is back', async () => {
    const timers: { readonly run: () => void; readonly ms: number }[] = [];
    const real = globalThis.setTimeout;
    globalThis.setTimeout = ((run: () => void, ms: number) => {
      timers.push({ run, ms });
      return real(() => undefined, 0);
    }) as typeof setTimeout;
    try {
      const { breaker } = await opened();
      for (const { run } of timers.filter(({ ms }) => ms <= 7 * 86_400_000)) run();
      expect([breaker.state, breaker.admits()]).toEqual(['open', false]);
    } finally {
      globalThis.setTimeout = real;
    }
  });

  it('is not closed by an attempt that we ended ourselves', async () => {
    const { breaker, send } = await opened();
    for (const outcome of [uncertain('aborted'), deferred('aborted')]) await send(outcome);
    expect(breaker.state).toBe('open');
  });

  it('does not let a send past it hang either', async () => {
    const { breaker } = await opened();
    expect(await breaker.send(() => new Promise<Outcome>(() => undefined))).toEqual(uncertain());
  });

  it('sends what was on its way when it opened, and drops nothing', async () => {
    const { breaker, fail } = make();
    const [first] = await Promise.all([breaker.send(async () => { await fail(3); return ACCEPTED; }), breaker.send(async () => ACCEPTED)]);
    expect(first).toEqual(ACCEPTED);
  });
});

it('keeps no process alive', () => {
  // opossum's timers and ours: a process with an open breaker ends when its work has ended.
  const program = `
    import { Breaker } from '#dispatch/breaker.js';
    const breaker = new Breaker('x', () => 0, () => undefined);
    for (let n = 0; n < 4; n += 1) await breaker.send(async () => ({ kind: 'uncertain', reason: 'x' }));
    console.log(breaker.state);`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 10_000 });
  expect({ status: ran.status, out: ran.stdout.trim() }).toEqual({ status: 0, out: 'open' });
});
