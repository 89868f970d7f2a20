import type { Line, Message, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { FixedClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { ntcipSign } from './channel.js';
import { encode } from './encode.js';
import { startFakePartner, type SignPartner } from './fake-partner.js';
import { CURRENT, dmsActivateMessage, dmsMessageMultiString, dmsMessageStatus, dmsMessageTimeRemaining, STATUS } from './objects.js';
import { SnmpWire } from './snmp.js';
import { drillSecret, roadSign } from './testing/stage.js';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
const patient = () => new AbortController().signal;

/** A sign, a connection to it, and the test's own way to look at it. */
async function play(settings: Parameters<typeof roadSign>[1] = {}) {
  const partner: SignPartner = await startFakePartner(roadSign(0), { secret: drillSecret });
  ends.push(() => partner.close());
  const destination = roadSign(partner.port, settings);
  const receipts: Receipt[] = [];
  const clock = new FixedClock('2026-11-24T17:00:00Z');
  const line: Line = { clock, log: silentLog, secret: drillSecret, outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt) };
  const connection = ntcipSign.open(destination, line);
  ends.push(() => connection.close());
  const wire = new SnmpWire(destination.settings, toLoopback, drillSecret);
  ends.push(() => wire.close());
  const look = async (oid: string) => {
    const reply = await wire.get([oid], patient());
    return reply.kind === 'values' ? reply.values[0] : reply;
  };
  const shown = async () => String(await look(dmsMessageMultiString(CURRENT)));
  const publish = (message: Message) => connection.publish(message, patient());
  const end = (kind: 'found' | 'withdrawn', of: Message) => connection.withdraw(sampleMessage({ notice: sampleEnding(kind, of.notice) }), patient());
  return { partner, destination, clock, connection, receipts, wire, look, shown, publish, end };
}

describe('a sign', () => {
  it('shows what was previewed, for as long as the alert lasts, and says so by being read', async () => {
    const { publish, receipts, shown, look, destination } = await play();
    const message = sampleMessage();
    expect(await publish(message)).toMatchObject({ kind: 'accepted', expectedReceipts: 1 });
    expect(await shown()).toBe(encode(message.notice, destination.settings).toString());
    expect(await look(dmsMessageTimeRemaining)).toBe(12 * 60);
    expect(receipts).toEqual([expect.objectContaining({ about: { key: message.key }, stage: 'confirmed', word: 'displayed' })]);
  });

  it('shows an update in place of what it updates', async () => {
    const { publish, shown, destination } = await play();
    const first = sampleMessage();
    await publish(first);
    const update = sampleUpdate(first.notice, { texts: { ...first.notice.texts, 'sr-Latn': { ...first.notice.texts['sr-Latn'], headline: 'Dopuna' } } });
    expect((await publish(sampleMessage({ notice: update }))).kind).toBe('accepted');
    expect(await shown()).toBe(encode(update, destination.settings).toString());
  });

  it('is dark after the ending, proved so, and remembers no word of the child', async () => {
    const { publish, end, receipts, shown, look, partner } = await play();
    const message = sampleMessage();
    await publish(message);
    expect(await end('found', message)).toMatchObject({ kind: 'accepted', expectedReceipts: 1 });
    expect(await shown()).toBe('');
    expect(await look(dmsMessageStatus({ memory: 3, number: 1 }))).toBe(STATUS.notUsed);
    expect(await look(dmsMessageMultiString({ memory: 3, number: 1 }))).toEqual(Buffer.alloc(0));
    expect(receipts.map((r) => r.word)).toEqual(['displayed', 'blanked']);
    expect(partner.ledger.map((e) => e.action)).toEqual(['publish', 'withdraw']);
    // And again, when it is dark already.
    expect((await end('found', message)).kind).toBe('accepted');
  });

  it.each(['nothing-shown', 'other-words', 'another-row', 'without-end'] as const)('that agrees is not believed before it is read to show just that, for as long: %s', async (lie) => {
    const { publish, partner, receipts } = await play();
    partner.setLie(lie);
    expect(await publish(sampleMessage())).toEqual({ kind: 'uncertain', reason: 'not_shown' });
    expect(receipts).toEqual([]);
  });

  it('that agrees and says elsewhere that it failed, or keeps a row otherwise than it was written, is taken at its worse word', async () => {
    const { publish, partner, receipts } = await play();
    partner.setLie('failed-all-the-same');
    expect(await publish(sampleMessage())).toEqual({ kind: 'deferred', reason: 'activation_message_status' });
    partner.setLie('kept-otherwise');
    expect(await publish(sampleMessage())).toEqual({ kind: 'deferred', reason: 'crc_mismatch' });
    expect([receipts, partner.ledger]).toEqual([[], []]);
  });

  it('that agrees to go dark and stays lit is not believed', async () => {
    const { publish, end, partner, receipts } = await play();
    const message = sampleMessage();
    await publish(message);
    partner.setLie('stays-lit');
    expect(await end('found', message)).toEqual({ kind: 'uncertain', reason: 'not_blank' });
    expect(receipts.map((r) => r.word)).toEqual(['displayed']);
  });

  it('that shows a later alert keeps it when an earlier one ends', async () => {
    const { publish, end, shown, receipts, destination } = await play();
    const [earlier, later] = [sampleMessage(), sampleMessage({ notice: sampleNotice({ texts: { ...sampleNotice().texts, 'sr-Latn': { ...sampleNotice().texts['sr-Latn'], headline: 'Druga' } } }) })];
    await publish(earlier);
    await publish(later);
    expect((await end('found', earlier)).kind).toBe('accepted');
    expect(receipts.at(-1)!.word).toBe('replaced');
    expect(await shown()).toBe(encode(later.notice, destination.settings).toString());
    expect((await end('found', later)).kind).toBe('accepted');
    expect(await shown()).toBe('');
  });

  it('shows nothing of an alert whose ending went past, and no late order can bring it back', async () => {
    const { publish, end, shown, partner, wire } = await play();
    const message = sampleMessage();
    await publish(message);
    expect((await end('withdrawn', message)).kind).toBe('accepted');
    expect(await publish(message)).toEqual({ kind: 'deferred', reason: 'overtaken' });
    expect(await shown()).toBe('');
    expect(partner.ledger.filter((e) => e.action === 'publish')).toHaveLength(1);
    const late = Buffer.from('02d0c803000100000000000a', 'hex');
    expect(await wire.set([[dmsActivateMessage, late]], patient())).toEqual({ kind: 'error', status: 5 });
    expect(await shown()).toBe('');
  });

  it('goes dark again when an ending comes while its message is on the way', async () => {
    const { connection, partner, shown } = await play();
    partner.setFaults({ latencyMs: 15 });
    const message = sampleMessage();
    const publication = connection.publish(message, patient());
    await partner.waitFor((ledger) => ledger.length === 1);
    const ending = connection.withdraw(sampleMessage({ notice: sampleEnding('found', message.notice) }), patient());
    expect((await publication).kind).not.toBe('accepted');
    await ending;
    partner.setFaults({});
    expect(await shown()).toBe('');
  });

  it('is not lit when an ending comes between the writing and the lighting of its message', async () => {
    const { destination, partner, shown, look } = await play();
    let reached = () => undefined as unknown;
    // The time is asked for at that moment, to tell how long the message may stay.
    const clock = { now: () => (reached(), new Date('2026-11-24T17:00:00Z')) };
    const connection = ntcipSign.open(destination, { clock, log: silentLog, secret: drillSecret, outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined });
    ends.push(() => connection.close());
    const message = sampleMessage();
    const ending = new Promise<string>((resolve) => {
      reached = () => {
        reached = () => undefined;
        void connection.withdraw(sampleMessage({ notice: sampleEnding('found', message.notice) }), patient()).then((outcome) => resolve(outcome.kind));
      };
    });
    expect((await connection.publish(message, patient())).kind).not.toBe('accepted');
    await ending;
    expect(partner.ledger.filter((e) => e.action === 'publish')).toEqual([]);
    expect(await shown()).toBe('');
    expect(await look(dmsMessageMultiString({ memory: 3, number: 1 }))).toEqual(Buffer.alloc(0));
  });

  it('with something more urgent on it defers', async () => {
    const { publish, partner, destination } = await play();
    await publish(sampleMessage());
    const modest = ntcipSign.open({ ...destination, settings: { ...destination.settings, priority: 100 } }, { clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: drillSecret, outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined });
    ends.push(() => modest.close());
    expect(await modest.publish(sampleMessage(), patient())).toEqual({ kind: 'deferred', reason: 'activation_priority' });
    expect(partner.ledger).toHaveLength(1);
  });

  it('that is worked at by hand defers, and is not well until that is over', async () => {
    const { publish, connection, partner } = await play();
    partner.setLocal(true);
    expect(await publish(sampleMessage())).toEqual({ kind: 'deferred', reason: 'local_mode' });
    expect(await connection.probe(patient())).toEqual({ well: false, reason: 'local_mode' });
    expect(partner.ledger).toEqual([]);
    partner.setLocal(false);
    expect((await publish(sampleMessage())).kind).toBe('accepted');
    expect(await connection.probe(patient())).toEqual({ well: true });
  });

  it('keeps what it shows when an ending of the other mode comes', async () => {
    const { publish, connection, shown, destination } = await play();
    const message = sampleMessage();
    await publish(message);
    const live = sampleMessage({ notice: { ...sampleEnding('found', message.notice), mode: 'live' } });
    expect(await connection.withdraw(live, patient())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    expect(await shown()).toBe(encode(message.notice, destination.settings).toString());
  });

  it('gets nothing that has expired, nothing of the other mode, and nothing that does not fit', async () => {
    const { connection, clock, publish, partner } = await play({ slot: 2 });
    expect(await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), patient())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    clock.set('2026-11-25T04:59:30Z');
    expect(await publish(sampleMessage())).toEqual({ kind: 'refused', reason: 'expired' });
    const small = await play({ rows: 1, columns: 10 });
    expect(await small.publish(sampleMessage())).toEqual({ kind: 'refused', reason: 'text_too_long' });
    expect(partner.ledger).toEqual([]);
    const nowhere = await play({ slot: 99 });
    expect(await nowhere.publish(sampleMessage())).toEqual({ kind: 'refused', reason: 'no_such_slot' });
  });

  it('is spoken to in SNMPv1 too, and does not hear a stranger', async () => {
    const { publish } = await play({ access: { version: 'v1', community: 'sign-password' } });
    expect((await publish(sampleMessage())).kind).toBe('accepted');
    const { partner } = await play();
    const stranger = ntcipSign.open(roadSign(partner.port, { timeoutMs: 50 }), { clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: () => 'pogresno', outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined });
    ends.push(() => stranger.close());
    expect(await stranger.publish(sampleMessage(), patient())).toEqual({ kind: 'deferred', reason: 'timeout' });
    expect(await stranger.probe(patient())).toEqual({ well: false, reason: 'timeout' });
  });
});
