import { systemClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import type { Receipt } from '#dispatch/channel.js';
import { sampleEnding, sampleMessage, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { smpp } from './channel.js';
import { clearStage, inventedNumbers, numbersFile, stage, until } from './testing/operator-stage.js';

const patient = () => new AbortController().signal;
const list = numbersFile(inventedNumbers(40));
const toNumbers = { audience: { kind: 'numbers', file: list.file, partSize: 40 } };
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await clearStage();
  await Promise.all(closing.splice(0).map((close) => close()));
});
afterAll(() => list.remove());

describe('a number list', () => {
  it('goes to every number once, and every number confirms', async () => {
    const { operator, connection, receipts } = await stage({ ...toNumbers, binds: 2 });
    const message = sampleMessage();
    const outcome = await connection.publish(message, patient());
    expect(outcome).toMatchObject({ kind: 'accepted', expectedReceipts: 40 });
    expect(operator.texts.map((t) => t.to).sort()).toEqual(inventedNumbers(40));
    expect(new Set(operator.texts.map((t) => t.text))).toEqual(new Set([message.notice.texts['sr-Latn'].short]));
    await until(() => receipts.length === 40);
    const references = outcome.kind === 'accepted' ? outcome.references : [];
    expect(receipts.every((r) => 'reference' in r.about && references.includes(r.about.reference) && r.stage === 'confirmed')).toBe(true);
  });

  it('is cut into parts, and a part beyond the list is refused', async () => {
    const { operator, connection, destination } = await stage({ audience: { kind: 'numbers', file: list.file, partSize: 15 } });
    expect(smpp.parts(destination.settings)).toBe(3);
    expect(await connection.publish(sampleMessage({ part: 2 }), patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 10 });
    expect(operator.texts.map((t) => t.to).sort()).toEqual(inventedNumbers(40).slice(30));
    expect(await connection.publish(sampleMessage({ part: 3 }), patient())).toEqual({ kind: 'refused', reason: 'no such part' });
  });

  it('counts refused numbers honestly: a receipt of failure for each, and only the others are awaited', async () => {
    const { operator, connection, receipts } = await stage(toNumbers);
    operator.setFaults({ noReceipts: true });
    operator.decide(({ to }) => (to.endsWith('7') ? 0x0b : 0));
    const message = sampleMessage();
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 36 });
    expect(receipts.map(({ about, stage: step, word }) => ({ about, step, word }))).toEqual(Array(4).fill({ about: { key: message.key }, step: 'failed', word: 'ESME_RINVDSTADR' }));
    expect(new Set(receipts.map((r) => r.receiptKey)).size).toBe(4);
    expect(JSON.stringify(receipts)).not.toContain('999600');
  });

  it('is refused when every number is', async () => {
    const { operator, connection, receipts } = await stage(toNumbers);
    operator.setFaults({ refuse: true });
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'refused', reason: 'ESME_RINVDSTADR: 0 of 40 taken, 0 unknown' });
    expect(receipts).toEqual([]);
  });

  it('is uncertain when it is interrupted in the middle, and the same key again completes it without a second effect', async () => {
    const { operator, connection } = await stage({ ...toNumbers, deduplicates: true, window: 2 });
    operator.setFaults({ latencyMs: 5 });
    const message = sampleMessage();
    const abort = new AbortController();
    const pending = connection.publish(message, abort.signal);
    await operator.waitFor((ledger) => ledger.length >= 5);
    abort.abort();
    expect(await pending).toMatchObject({ kind: 'uncertain', reason: 'aborted', expectedReceipts: 40 });
    expect(operator.ledger.length).toBeLessThan(40);
    operator.setFaults({});
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 40 });
    expect(operator.ledger.filter((e) => !e.duplicate)).toHaveLength(40);
    expect(operator.ledger.every((e) => e.key === message.key)).toBe(true);
  });

  it('goes on over a new bind when one is lost, and says that some are unknown', async () => {
    const { operator, connection } = await stage({ ...toNumbers, binds: 2, window: 2 });
    operator.setFaults({ latencyMs: 5 });
    const pending = connection.publish(sampleMessage(), patient());
    await operator.waitFor((ledger) => ledger.length >= 5);
    operator.dropBinds();
    expect(await pending).toMatchObject({ kind: 'uncertain', reason: expect.stringMatching(/^closed: \d+ of 40 taken, [1-4] unknown$/) });
    expect(new Set(operator.texts.map((t) => t.to)).size).toBeGreaterThanOrEqual(36);
  });
});

describe('window and rate', () => {
  it('never has more unanswered messages on a bind than its window', async () => {
    const { operator, connection } = await stage({ ...toNumbers, binds: 2, window: 3 });
    operator.setFaults({ latencyMs: 3 });
    await Promise.all([connection.publish(sampleMessage(), patient()), connection.publish(sampleMessage(), patient())]);
    expect(operator.ledger).toHaveLength(80);
    expect(operator.peakWindow).toBe(3);
  });

  it('keeps to the rate over all binds', async () => {
    const rate = 400;
    const { operator, connection } = await stage({ ...toNumbers, binds: 2, window: 50, ratePerSecond: rate });
    await until(() => operator.binds === 2);
    const startedAt = performance.now();
    await connection.publish(sampleMessage({ notice: sampleEnding('found') }), patient());
    const seconds = (performance.now() - startedAt) / 1_000;
    const sent = operator.submissions.length;
    expect(sent).toBeGreaterThanOrEqual(40);
    // The first leaves at once, and a late timer may catch up 20 ms.
    expect(seconds).toBeGreaterThanOrEqual((sent - 1) / rate - 0.021);
  });

  it('slows down when the operator says so, and loses nothing', async () => {
    // Its pauses add up: how long a machine takes besides is no reason to give up.
    const { operator, connection } = await stage({ ...toNumbers, timeoutMs: 20_000 });
    let left = 15;
    operator.decide(() => (left-- > 0 ? (left % 2 === 0 ? 0x58 : 0x14) : 0));
    expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 40 });
    expect(operator.ledger).toHaveLength(40);
    expect(left).toBeLessThanOrEqual(0);
  });

  it('defers with a time when the operator never stops saying so', async () => {
    const { operator, connection } = await stage({ timeoutMs: 250 });
    operator.setFaults({ throttle: true });
    const outcome = await connection.publish(sampleMessage(), patient());
    expect(outcome).toMatchObject({ kind: 'deferred', reason: 'ESME_RTHROTTLED' });
    expect(outcome.kind === 'deferred' && outcome.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(operator.submissions.length).toBeLessThanOrEqual(4);
  });
});

describe('the list of the operator', () => {
  it('is not taken for accepted when a success names it as unsuccessful', async () => {
    const { operator, connection } = await stage();
    operator.decide(() => 0x34);
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'refused', reason: 'ESME_RINVDLNAME' });
    operator.decide(() => 0x08);
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'deferred', reason: 'ESME_RSYSERR' });
    expect(operator.ledger).toEqual([]);
  });

  it('is uncertain when only the first of several segments was taken', async () => {
    const { operator, connection } = await stage();
    operator.decide(({ segment }) => (segment === 2 ? 0x01 : 0));
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'uncertain', reason: 'ESME_RINVMSGLEN', references: [expect.any(String)], expectedReceipts: 1 });
  });

  it('gets no drill on a live connection', async () => {
    const { operator, connection } = await stage();
    const notice = sampleNotice({ mode: 'live' });
    expect(await connection.publish(sampleMessage({ notice }), patient())).toEqual({ kind: 'refused', reason: 'mode of another place' });
    expect(operator.submissions).toEqual([]);
  });

  it('gets no text that is too long', async () => {
    const { operator, connection } = await stage({ maxSegments: 1 });
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'refused', reason: 'TEXT_TOO_LONG' });
    expect(operator.submissions).toEqual([]);
  });
});

describe('a withdrawal', () => {
  const published = sampleMessage();
  const ending = sampleMessage({ notice: sampleEnding('found', published.notice) });

  it('cancels what is still under way, and sends the ending', async () => {
    const { operator, connection } = await stage(toNumbers);
    operator.setFaults({ noReceipts: true });
    await connection.publish(published, patient());
    const ids = operator.submissions.length;
    expect(await connection.withdraw(ending, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 40 });
    await until(() => operator.cancels.done === ids);
    expect(operator.cancels.late).toBe(0);
    expect(operator.ledger.filter((e) => e.action === 'withdraw')).toHaveLength(40);
  });

  it('is sent although it is too late to cancel', async () => {
    const { operator, connection, receipts } = await stage(toNumbers);
    await connection.publish(published, patient());
    await until(() => receipts.length === 40);
    expect(await connection.withdraw(ending, patient())).toMatchObject({ kind: 'accepted' });
    await until(() => operator.cancels.late >= 40);
  });

  it('overtakes a list that is still going out', async () => {
    const { operator, connection } = await stage({ ...toNumbers, window: 1, ratePerSecond: 200 });
    const abort = new AbortController();
    const slow = connection.publish(sampleMessage(), abort.signal);
    await operator.waitFor((ledger) => ledger.length >= 2);
    await connection.withdraw(sampleMessage({ notice: sampleEnding('withdrawn', published.notice) }), patient());
    const actions = operator.ledger.map((e) => e.action);
    expect(actions.filter((a) => a === 'withdraw')).toHaveLength(40);
    expect(actions.filter((a) => a === 'publish').length).toBeLessThan(20);
    abort.abort();
    await slow;
  });
});

describe('binds', () => {
  it('are made again when they are lost', async () => {
    const { operator, connection, events } = await stage({ binds: 3 });
    await until(() => operator.binds === 3 && events.length === 1);
    operator.dropBinds();
    await until(() => operator.binds === 0);
    await until(() => operator.binds === 3);
    expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'accepted' });
    expect(events.filter((e) => e.startsWith('connection.changed')).map((e) => /"state":"([^"]*)"/.exec(e)?.[1])).toEqual(['bound', 'away: closed', 'bound']);
  });

  it('are refused with a wrong password: not well, and deferred at once', async () => {
    const { destination } = await stage();
    const connection = smpp.open(destination, { clock: systemClock, log: silentLog, secret: () => 'wrong', outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined });
    closing.push(() => connection.close());
    expect(await connection.probe(patient())).toEqual({ well: false, reason: 'unreachable: bind refused: ESME_RINVPASWD' });
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'deferred', reason: 'unreachable: bind refused: ESME_RINVPASWD' });
  });

  it('are closed and made again when the operator no longer answers', async () => {
    const { operator, connection, events } = await stage({ timeoutMs: 200 });
    const bound = (): number => events.filter((e) => e.includes('"state":"bound"')).length;
    await until(() => bound() === 1);
    operator.setFaults({ hang: true });
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'uncertain', reason: 'timeout' });
    operator.setFaults({});
    await until(() => bound() === 2);
    expect(await connection.probe(patient())).toEqual({ well: true });
  });
});

describe('receipts', () => {
  it('are acknowledged only once they are stored, and come again otherwise', async () => {
    const house = await stage();
    let refusals = 2;
    const stored: Receipt[] = [];
    house.receive = async (receipt) => {
      if (refusals-- > 0) throw new Error('store is away');
      stored.push(receipt);
    };
    expect(await house.connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 1 });
    await until(() => stored.length === 1);
    expect(house.events.filter((e) => e.startsWith('receipt.refused'))).toHaveLength(2);
  });

  it('are handed over in the order they come, known or not, in both forms', async () => {
    const { operator, receipts } = await stage();
    await until(() => operator.binds === 1);
    operator.sendReceipt('nobody-1', 'UNDELIV', 'text');
    operator.sendReceipt('nobody-2', 'DELIVRD', 'parameters');
    operator.sendReceipt('nobody-1', 'ENROUTE', 'text');
    operator.sendReceipt('nobody-1', 'DELIVRD', 'text');
    await until(() => receipts.length === 3);
    expect(receipts.map((r) => r.receiptKey)).toEqual(['nobody-1:UNDELIV', 'nobody-2:DELIVRD', 'nobody-1:DELIVRD']);
  });
});
