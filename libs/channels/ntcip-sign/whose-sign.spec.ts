import { sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import type { Message } from '#dispatch/channel.js';
import { ntcipSign } from './channel.js';
import { activationCode, encode, messageCrc } from './encode.js';
import { dmsActivateMessage, dmsMessageMultiString, dmsMessageOwner, dmsMessageRunTimePriority, dmsMessageStatus, MEMORY, STATUS } from './objects.js';
import { atEnd, endPlays, patient, play } from './testing/play.js';

afterEach(endPlays);

/** The message of another alert, with this headline. */
function of(headline: string): Message {
  const notice = sampleNotice();
  return sampleMessage({ notice: { ...notice, texts: { ...notice.texts, 'sr-Latn': { ...notice.texts['sr-Latn'], headline } } } });
}
const ROW = { memory: 3, number: 1 };
/** A row that is not ours. */
const OTHER = { memory: 3, number: 2 };
type Play = Awaited<ReturnType<typeof play>>;

/** Somebody else at the traffic centre puts a message into a row, and on the sign. */
async function light({ wire }: Play, words: string, row: typeof ROW): Promise<void> {
  const multi = Buffer.from(words);
  await wire.set([[dmsMessageStatus(row), STATUS.modifyReq]], patient());
  await wire.set([[dmsMessageMultiString(row), multi], [dmsMessageOwner(row), Buffer.from('centar')], [dmsMessageRunTimePriority(row), 200]], patient());
  await wire.set([[dmsMessageStatus(row), STATUS.validateReq]], patient());
  const code = activationCode({ minutes: 60, priority: 255, row, crc: messageCrc(multi), source: '127.0.0.1' });
  expect(await wire.set([[dmsActivateMessage, code]], patient())).toMatchObject({ kind: 'values' });
}

describe('the ending of an alert', () => {
  it.each(['of-all', 'of-rows'] as const)('leaves the sign to the later alert that is on it, where whose they are is told %s', async (tells) => {
    const { publish, end, shown, receipts, destination, partner } = await play();
    const [earlier, later] = [sampleMessage(), of('Druga')];
    partner.setTellsOwners(tells);
    await publish(earlier);
    await publish(later);
    expect((await end('found', earlier)).kind).toBe('accepted');
    expect(receipts.at(-1)!.word).toBe('replaced');
    expect(await shown()).toBe(encode(later.notice, destination.settings).toString());
    expect((await end('found', later)).kind).toBe('accepted');
    expect([receipts.at(-1)!.word, await shown()]).toEqual(['blanked', '']);
  });

  it.each(['of-all', 'of-rows', 'of-none'] as const)('darkens the sign that still shows it when a later one is in the row but did not go up, where whose they are is told %s', async (tells) => {
    const { publish, end, shown, receipts, partner } = await play();
    const [earlier, later] = [sampleMessage(), of('Druga')];
    partner.setTellsOwners(tells);
    await publish(earlier);
    partner.setLie('failed-all-the-same');
    expect((await publish(later)).kind).toBe('deferred');
    partner.setLie(undefined);
    expect((await end('found', earlier)).kind).toBe('accepted');
    expect([receipts.at(-1)!.word, await shown()]).toEqual(['blanked', '']);
  });

  it('leaves the words of a later alert in the row', async () => {
    const { publish, end, look, partner, destination } = await play();
    const [earlier, later] = [sampleMessage(), of('Druga')];
    await publish(earlier);
    partner.setLie('failed-all-the-same');
    await publish(later);
    partner.setLie(undefined);
    await end('found', earlier);
    expect(await look(dmsMessageMultiString(ROW))).toEqual(encode(later.notice, destination.settings));
    await end('found', later);
    expect(await look(dmsMessageMultiString(ROW))).toEqual(Buffer.alloc(0));
  });

  it('darkens a sign that tells nobody whose its messages are, and takes the words out of it', async () => {
    const { publish, end, shown, look, partner } = await play();
    const message = sampleMessage();
    partner.setTellsOwners('of-none');
    await publish(message);
    expect((await end('found', message)).kind).toBe('accepted');
    expect(await shown()).toBe('');
    expect(await look(dmsMessageMultiString(ROW))).toEqual(Buffer.alloc(0));
  });

  it.each(['of-all', 'of-rows'] as const)('leaves the sign to somebody else who has taken it, and takes its own words out of it, where whose they are is told %s', async (tells) => {
    const stage = await play();
    const { publish, end, shown, look, receipts, partner } = stage;
    const message = sampleMessage();
    partner.setTellsOwners(tells);
    await publish(message);
    await light(stage, 'RADOVI NA PUTU', OTHER);
    expect((await end('found', message)).kind).toBe('accepted');
    expect([receipts.at(-1)!.word, await shown()]).toEqual(['replaced', 'RADOVI NA PUTU']);
    expect(await look(dmsMessageMultiString(ROW))).toEqual(Buffer.alloc(0));
  });

  it('darkens a sign that does not tell which row it shows, and does not believe that it is dark', async () => {
    const { publish, end, shown, receipts, partner } = await play();
    const message = sampleMessage();
    await publish(message);
    partner.setLie('untold-row');
    expect(await end('found', message)).toEqual({ kind: 'uncertain', reason: 'not_blank' });
    expect([receipts.map((r) => r.word), await shown()]).toEqual([['displayed'], '']);
  });
});

describe('an alert that goes up while the ending of another darkens the sign', () => {
  const darkens = (oid: string, value: unknown): boolean => oid === dmsActivateMessage && Buffer.isBuffer(value) && value[3] === MEMORY.blank;

  it('is uncertain when that began before it went up, and is up once it is repeated', async () => {
    const { publish, end, shown, receipts, partner, destination } = await play({ timeoutMs: 10_000 });
    const [earlier, later] = [sampleMessage(), of('Druga')];
    await publish(earlier);
    const { come, release } = partner.hold(darkens);
    const ending = end('found', earlier);
    await come(1);
    expect(await publish(later)).toEqual({ kind: 'uncertain', reason: 'ending_crossed' });
    release();
    expect((await ending).kind).toBe('accepted');
    expect([receipts.map((r) => r.word), await shown()]).toEqual([['displayed', 'blanked'], '']);
    expect((await publish(later)).kind).toBe('accepted');
    expect(await shown()).toBe(encode(later.notice, destination.settings).toString());
  });

  it('is uncertain when that began while it went up', async () => {
    const { destination, partner, line, shown } = await play({ timeoutMs: 10_000 });
    let reached = () => undefined as unknown;
    // The time is asked for right before the message goes up, to tell how long it may stay.
    const connection = ntcipSign.open(destination, { ...line, clock: { now: () => (reached(), new Date('2026-11-24T17:00:00Z')) } });
    atEnd(() => connection.close());
    const [earlier, later] = [sampleMessage(), of('Druga')];
    await connection.publish(earlier, patient());
    const { come, release } = partner.hold(darkens);
    const ending = new Promise((resolve) => {
      reached = () => {
        reached = () => undefined;
        resolve(connection.withdraw(sampleMessage({ notice: sampleEnding('found', earlier.notice) }), patient()));
      };
    });
    expect(await connection.publish(later, patient())).toEqual({ kind: 'uncertain', reason: 'ending_crossed' });
    await come(1);
    release();
    expect(await ending).toMatchObject({ kind: 'accepted' });
    expect(await shown()).toBe('');
  });
});

describe('an ending that comes while a message of its own alert is at the sign', () => {
  it.each(['nothing', 'this alert', 'something else'])('finds it after it went up, and darkens it, where before there was %s', async (before) => {
    const stage = await play({ timeoutMs: 10_000 });
    const { publish, end, shown, look, receipts, partner } = stage;
    const message = sampleMessage();
    const follows = before === 'this alert';
    if (follows) await publish(message);
    if (before === 'something else') await light(stage, 'RADOVI NA PUTU', OTHER);
    let isLit = false;
    // The order to light arrives late: after the ending has looked, before it empties the row.
    const { come, release } = partner.hold((oid, value) => {
      isLit ||= oid === dmsActivateMessage && Buffer.isBuffer(value) && value[3] === MEMORY.changeable;
      return isLit && (oid === dmsMessageStatus(ROW) || (Buffer.isBuffer(value) && value[3] === MEMORY.changeable));
    });
    const publication = publish(follows ? sampleMessage({ notice: sampleUpdate(message.notice) }) : message);
    await come(1);
    const ending = end('found', message);
    await come(2);
    release();
    expect(await publication).toEqual({ kind: 'deferred', reason: 'overtaken' });
    expect((await ending).kind).toBe('accepted');
    expect([receipts.at(-1)!.word, await shown(), await look(dmsMessageMultiString(ROW))]).toEqual(['blanked', '', Buffer.alloc(0)]);
  });
});
