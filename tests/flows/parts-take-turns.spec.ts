import { ACCEPTED, DispatchStage, type Answer, type Call } from '../support/dispatch-stage.js';
import { until } from '../support/until.js';

/* A long audience in parts: so many are under way at once that not all of a country's people are in memory together. */
const PARTS = 8;
const AT_ONCE = 2;

let stage: DispatchStage;
beforeEach(async () => {
  stage = await DispatchStage.open([{ id: 'browsers', parts: PARTS, partsAtOnce: AT_ONCE }, { id: 'rts', parts: PARTS }]);
});
afterEach(() => stage.close());

const turns = async (count: number) => {
  for (let n = 0; n < count; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};
const callsOf = (destination: string) => stage.calls.filter((call) => call.destination === destination);

/** Answers that know how many of them are under way at once. */
function counted(): { readonly answer: Answer; readonly peak: () => number } {
  let underWay = 0;
  let peak = 0;
  return {
    peak: () => peak,
    answer: async (call) => {
      underWay += 1;
      peak = Math.max(peak, underWay);
      await turns(50);
      call.take();
      underWay -= 1;
      return ACCEPTED;
    },
  };
}

/** Answers that wait for their signal. */
const endless = (call: Call) => new Promise<typeof ACCEPTED | { kind: 'uncertain'; reason: string }>((resolve) => {
  call.take();
  call.signal.addEventListener('abort', () => resolve({ kind: 'uncertain', reason: 'aborted' }));
});

describe('the parts of one destination', () => {
  it('take turns where its channel says so, and all come to their end', async () => {
    const [browsers, rts] = [counted(), counted()];
    stage.answer('browsers', ...Array<Answer>(PARTS).fill(browsers.answer));
    stage.answer('rts', ...Array<Answer>(PARTS).fill(rts.answer));
    await stage.approved();
    const dispatcher = stage.dispatcher();
    const draining = dispatcher.drain();
    await until(async () => stage.wakes.length, (count) => count === 2 * (PARTS - 4));
    await Promise.all([draining, ...stage.wakes.map(({ id }) => dispatcher.deliver([id]))]);
    expect(browsers.peak()).toBe(AT_ONCE);
    expect(rts.peak()).toBeGreaterThan(AT_ONCE);
    expect((await stage.seen()).map((d) => d.state)).toEqual(Array(2 * PARTS).fill('accepted'));
    expect(callsOf('browsers').map((call) => call.message.part).sort((a, b) => a - b)).toEqual(Array.from({ length: PARTS }, (_, part) => part));
  });

  it('let an ending past: those under way end, and those that wait never begin', async () => {
    stage.answer('browsers', ...Array<Answer>(AT_ONCE).fill(endless));
    const alert = await stage.approved();
    const dispatcher = stage.dispatcher();
    const draining = dispatcher.drain();
    await until(async () => callsOf('browsers').length, (count) => count === AT_ONCE);
    await stage.withdrawn(alert);
    await Promise.all([draining, dispatcher.drain()]);
    const calls = callsOf('browsers');
    expect(calls.filter((call) => call.action === 'publish').length).toBe(AT_ONCE);
    const ended = calls.filter((call) => call.action === 'withdraw').map((call) => call.message.part);
    // Whoever it was handed to is told; who was left to the queue never had it.
    expect(ended).toEqual(expect.arrayContaining([0, 1]));
    expect(ended.length).toBeLessThan(PARTS);
  });

  it("do not hold up another alert's ending", async () => {
    const first = await stage.approved();
    const dispatcher = stage.dispatcher();
    await dispatcher.drain();
    stage.answer('browsers', ...Array<Answer>(AT_ONCE).fill(endless));
    const second = await stage.approved();
    const draining = dispatcher.drain();
    await until(async () => callsOf('browsers').filter((call) => call.message.notice.alertId === second.id).length, (count) => count === AT_ONCE);
    await stage.withdrawn(first);
    await dispatcher.drain();
    expect((await stage.states(first.id)).filter((state) => state === 'browsers withdrawn accepted').length).toBeGreaterThan(0);
    expect(dispatcher.inFlight).toBeGreaterThan(0);
    await stage.withdrawn(second);
    await Promise.all([draining, dispatcher.drain()]);
  });
});
