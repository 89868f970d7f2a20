import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { FixedClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { ntcipSign } from './channel.js';
import { encode } from './encode.js';
import { dmsActivateMessage, dmsMessageMultiString, dmsMessageStatus, dmsMessageTimeRemaining, STATUS } from './objects.js';
import { atEnd, endPlays, patient, play } from './testing/play.js';
import { drillSecret, roadSign } from './testing/stage.js';

afterEach(endPlays);

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
    // And again, when it is dark already: nothing is left to be done.
    expect((await end('found', message)).kind).toBe('accepted');
    expect(receipts.at(-1)!.word).toBe('blanked');
    expect(partner.ledger).toHaveLength(2);
  });

  it.each(['nothing-shown', 'other-words', 'another-row', 'another-memory', 'without-end', 'untold-end'] as const)('that agrees is not believed before it is read to show just that, for as long: %s', async (lie) => {
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

  it.each(['stays-lit', 'keeps-words', 'keeps-row'] as const)('that agrees to go dark is not believed before it is read to be: %s', async (lie) => {
    const { publish, end, partner, receipts } = await play();
    const message = sampleMessage();
    await publish(message);
    partner.setLie(lie);
    expect(await end('found', message)).toEqual({ kind: 'uncertain', reason: 'not_blank' });
    expect(receipts.map((r) => r.word)).toEqual(['displayed']);
  });

  it('that agrees to empty its row and keeps it is asked again', async () => {
    const { publish, end, partner, receipts } = await play();
    const message = sampleMessage();
    await publish(message);
    partner.setLie('never-empties');
    expect(await end('found', message)).toEqual({ kind: 'uncertain', reason: 'not_erased' });
    expect(receipts.map((r) => r.word)).toEqual(['displayed']);
    partner.setLie(undefined);
    expect((await end('found', message)).kind).toBe('accepted');
  });

  it('is given two messages at once one after the other', async () => {
    const { publish, shown, destination, receipts } = await play();
    const second = sampleMessage();
    expect((await Promise.all([publish(sampleMessage()), publish(second)])).map((outcome) => outcome.kind)).toEqual(['accepted', 'accepted']);
    expect(receipts).toHaveLength(2);
    expect(await shown()).toBe(encode(second.notice, destination.settings).toString());
  });

  it('is asked again where a datagram was lost', async () => {
    const { publish, partner } = await play({ tries: 2 });
    let isLost = false;
    partner.hold((oid) => oid === dmsActivateMessage && !isLost && (isLost = true));
    expect((await publish(sampleMessage())).kind).toBe('accepted');
    expect(isLost).toBe(true);
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
    atEnd(() => connection.close());
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
    atEnd(() => modest.close());
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

  it.each([[1 << 1, 'communications'], [1 << 2, 'power'], [1 << 8, 'controller'], [1 << 11, 'critical_temperature'], [null, 'no_sign']])('that nobody can read is not well: %j, %s', async (bits, reason) => {
    const { connection, partner } = await play();
    partner.setShortErrors(bits);
    expect(await connection.probe(patient())).toEqual({ well: false, reason });
    // A pixel, an open door.
    partner.setShortErrors((1 << 5) | (1 << 7));
    expect(await connection.probe(patient())).toEqual({ well: true });
  });

  it.each([[13, { kind: 'deferred', reason: 'snmp_resource_unavailable' }], [16, { kind: 'refused', reason: 'snmp_authorization_error' }]])('that was not asked, because its agent turned the order away (%i), says so', async (status, outcome) => {
    const { publish, partner, receipts } = await play();
    partner.turnAway(status);
    expect(await publish(sampleMessage())).toEqual(outcome);
    partner.turnAway(undefined);
    expect((await publish(sampleMessage())).kind).toBe('accepted');
    expect(receipts).toHaveLength(1);
  });

  it('is not taken at its word about an earlier order when this one was lost', async () => {
    const { publish, partner } = await play({ timeoutMs: 1_000 });
    partner.setLie('failed-all-the-same');
    expect((await publish(sampleMessage())).kind).toBe('deferred');
    partner.setLie(undefined);
    partner.hold((oid) => oid === dmsActivateMessage);
    expect(await publish(sampleMessage())).toEqual({ kind: 'uncertain', reason: 'not_shown' });
  });

  it('may take some looks to check and to show a message, and not for ever', async () => {
    const { publish, end, partner, shown, receipts } = await play();
    const message = sampleMessage();
    partner.setSlowness(2);
    expect((await publish(message)).kind).toBe('accepted');
    expect(receipts).toHaveLength(1);
    partner.setSlowness(20);
    expect(await publish(message)).toEqual({ kind: 'deferred', reason: 'slot_busy' });
    // Left half written: the ending empties the row all the same.
    partner.setSlowness(0);
    expect((await end('found', message)).kind).toBe('accepted');
    expect(await shown()).toBe('');
  });

  it('whose row was left open by a writer that did not come to an end is emptied by the ending', async () => {
    const { publish, end, wire, look } = await play();
    const message = sampleMessage();
    await publish(message);
    await wire.set([[dmsMessageStatus({ memory: 3, number: 1 }), STATUS.modifyReq]], patient());
    expect((await end('found', message)).kind).toBe('accepted');
    expect(await look(dmsMessageMultiString({ memory: 3, number: 1 }))).toEqual(Buffer.alloc(0));
  });

  it('that cannot read its message refuses it, and says why', async () => {
    const { publish, partner } = await play();
    partner.setFaults({ refuse: true });
    expect(await publish(sampleMessage())).toEqual({ kind: 'refused', reason: 'syntax_multi' });
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
    const small = await play({ rows: 3, columns: 15, maxPages: 1 });
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
    atEnd(() => stranger.close());
    expect(await stranger.publish(sampleMessage(), patient())).toEqual({ kind: 'deferred', reason: 'timeout' });
    expect(await stranger.probe(patient())).toEqual({ well: false, reason: 'timeout' });
  });
});
