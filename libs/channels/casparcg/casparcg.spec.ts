import { readdir } from 'node:fs/promises';
import { CANARY_NAMES, sampleEnding, sampleMessage, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { eventually } from '#dispatch/testing/contract-stage.js';
import { humming, sharedFolder } from '#dispatch/testing/playout-stage.js';
import type { Connection, Receipt } from '#dispatch/channel.js';
import { StrangeAnswer } from '#dispatch/playout/control-line.js';
import type { Voice } from '#alerts/voice.js';
import { FixedClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { casparcg, createCasparcg } from './channel.js';
import type { CasparcgSettingsInput } from './config.js';
import { airCommands, quoted } from './encode.js';
import { startFakePartner } from './fake-partner.js';
import { foregroundOf, readAnswer } from './amcp.js';
import { television } from './testing/stage.js';

const patient = new AbortController().signal;

describe('casparcg', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const studio = async (settings: Partial<CasparcgSettingsInput> = {}, voice: Voice = humming) => {
    const folder = await sharedFolder();
    const partner = await startFakePartner(television(0, folder.path, settings));
    const receipts: Receipt[] = [];
    const connection: Connection = createCasparcg(voice).open(television(partner.port, folder.path, settings), {
      clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: () => '', outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt),
    });
    ends.push(() => folder.remove(), () => partner.close(), () => connection.close());
    return { partner, receipts, folder: folder.path, connection };
  };

  it('puts card, voice and crawl on layers of their own, and lets the playout take the card off', () => {
    const { settings } = television(1, '/srv/media', { crawlTemplate: 'findme/crawl' });
    const notice = sampleNotice();
    const name = `FINDME/${notice.alertId}-0123456789abcdef-alert`;
    const commands = airCommands({ key: '0123456789abcdef', notice }, 25, true, settings);
    expect(commands.slice(0, 3)).toEqual([`PLAY 1-900 "${name}" LENGTH 625`, 'LOADBG 1-900 EMPTY AUTO', `PLAY 1-901 "${name}-voice"`]);
    expect(commands[3]).toMatch(/^CG 1-902 ADD 1 "findme\/crawl" 1 "\{\\"f0\\":\\"VEŽBA/);
    expect(commands.every((command) => !/[\r\n]/.test(command))).toBe(true);
    expect(quoted('a "b" \\ \r\nCLEAR 1')).toBe('"a \\"b\\" \\\\  \\nCLEAR 1"');
    expect(CANARY_NAMES.some((canary) => commands.slice(0, 3).join('').includes(canary))).toBe(false);
  });

  describe('reads answers', () => {
    it.each([
      ['one of no data', 'RES k-1 202 PLAY OK\r\n', { code: 202, data: '' }],
      ['one of a line', 'RES k-1 201 VERSION OK\r\n2.3.3\r\n', { code: 201, data: '2.3.3\r\n' }],
      ['one of XML over several lines', 'RES k-1 201 INFO OK\r\n<?xml version="1.0"?>\n<channel>\n <a/>\r\n</channel>\r\n', { code: 201, data: '<?xml version="1.0"?>\n<channel>\n <a/>\r\n</channel>\r\n' }],
      ['half of one', 'RES k-1 201 INFO OK\r\n<channel>\r\n', undefined],
      ['one of lines', 'RES k-1 200 CLS OK\r\n"A"\r\n"B"\r\n\r\n', { code: 200, data: '"A"\r\n"B"\r\n\r\n' }],
      ['a failure', 'RES k-1 404 PLAY FAILED\r\n', { code: 404, data: '' }],
    ] as const)('%s', (_what, received, answer) => expect(readAnswer(received, 'k-1')).toEqual(answer));

    it('and takes none that is another\'s, or none at all', () => {
      for (const received of ['RES k-2 202 PLAY OK\r\n', '202 PLAY OK\r\n', 'HTTP/1.1 400 Bad Request\r\n']) expect(() => readAnswer(received, 'k-1')).toThrow(StrangeAnswer);
    });
  });

  it('proves how long the card was on the air, and removes card and voice', async () => {
    const { connection, receipts, folder } = await studio({ simulated: { speed: 5 } });
    const message = sampleMessage();
    expect((await connection.publish(message, patient)).kind).toBe('accepted');
    expect((await readdir(folder)).map((name) => name.slice(-9)).sort()).toEqual(['alert.jpg', 'voice.wav']);
    expect(await eventually(() => receipts.length > 0)).toBe(true);
    expect(Number(/^aired (\d+)$/.exec(receipts[0]!.word)?.[1])).toBeGreaterThanOrEqual(20);
    expect(await readdir(folder)).toEqual([]);
  });

  it('airs the card without a voice, and says so', async () => {
    const { connection, receipts } = await studio({}, async () => ({ kind: 'missing' }));
    expect((await connection.publish(sampleMessage(), patient)).kind).toBe('accepted');
    expect(await eventually(() => receipts.length > 0)).toBe(true);
    expect(receipts[0]!.word).toMatch(/^aired \d+ no voice$/);
  });

  it('clears the card of the alert that ends, not another\'s, and airs nothing older afterwards', async () => {
    const { connection, partner, folder } = await studio({ simulated: { speed: 5 } });
    const first = sampleMessage();
    await connection.publish(first, patient);
    const other = sampleMessage({ notice: sampleEnding('found', sampleNotice()) });
    const ending = sampleMessage({ notice: sampleEnding('withdrawn', first.notice) });
    expect((await connection.withdraw(ending, patient)).kind).toBe('accepted');
    expect((await readdir(folder)).some((name) => name.includes(first.key))).toBe(false);
    expect(partner.ledger.map(({ action }) => action)).toEqual(['publish', 'withdraw']);
    expect(await connection.publish(first, patient)).toEqual({ kind: 'refused', reason: 'ended' });
    expect((await connection.withdraw(other, patient)).kind).toBe('accepted');
  });

  it('proves by the ending, seen in the notice\'s place, that nothing of the alert is left', async () => {
    const { connection, receipts, folder } = await studio();
    const message = sampleMessage();
    await connection.publish(message, patient);
    const ending = sampleMessage({ notice: sampleEnding('withdrawn', message.notice) });
    await connection.withdraw(ending, patient);
    const proof = () => receipts.find(({ about }) => 'reference' in about && about.reference === ending.key);
    expect(await eventually(() => proof() !== undefined)).toBe(true);
    expect(casparcg.erasedWords?.(television(0, folder).settings)).toContain(proof()!.word.split(' ')[0]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('reads what is in front on its own layer, of servers that answer for the layer and of those that answer for the whole channel', () => {
    const whole = '<channel><stage><layer><layer_10><foreground>program</foreground></layer_10><layer_900><background>b</background><foreground>card</foreground></layer_900></layer></stage></channel>';
    expect([10, 900, 90].map((layer) => foregroundOf(whole, layer))).toEqual(['program', 'card', '']);
    expect(foregroundOf('<layer>\n<foreground>\ncard</foreground></layer>', 900)).toBe('\ncard');
    expect(foregroundOf('<channel><stage/></channel>', 900)).toBe('');
  });

  it('does not let a drill onto the air of live', async () => {
    const { connection, partner } = await studio();
    expect((await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), patient)).kind).toBe('refused');
    expect(partner.ledger).toEqual([]);
  });
});
