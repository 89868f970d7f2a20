import { readdir, readFile } from 'node:fs/promises';
import { sampleEnding, sampleMessage, sampleNotice, CANARY_NAMES } from '#dispatch/testing/sample-notice.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { eventually } from '#dispatch/testing/contract-stage.js';
import { humming, sharedFolder } from '#dispatch/testing/playout-stage.js';
import type { Connection, Receipt } from '#dispatch/channel.js';
import { LEAST_SECONDS } from '#alerts/speech.js';
import type { Voice } from '#alerts/voice.js';
import { readWave, secondsOf } from '#alerts/wave.js';
import { FixedClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { createLiquidsoap } from './channel.js';
import type { LiquidsoapSettingsInput } from './config.js';
import { readMetadata, requestFor } from './encode.js';
import { startFakePartner } from './fake-partner.js';
import { radio } from './testing/stage.js';

const patient = new AbortController().signal;

describe('liquidsoap', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const station = async (settings: Partial<LiquidsoapSettingsInput> = {}, voice: Voice = humming) => {
    const folder = await sharedFolder();
    const partner = await startFakePartner(radio(0, folder.path, settings));
    const receipts: Receipt[] = [];
    const open = (): Connection => {
      const connection = createLiquidsoap(voice).open(radio(partner.port, folder.path, settings), {
        clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: () => '', outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt),
      });
      ends.push(() => connection.close());
      return connection;
    };
    ends.push(() => folder.remove(), () => partner.close());
    return { partner, receipts, folder: folder.path, open, connection: open() };
  };

  it('writes a request of one line, whatever the notice says', () => {
    const notice = sampleNotice();
    const texts = { ...notice.texts, 'sr-Latn': { ...notice.texts['sr-Latn'], headline: 'VEŽBA: "Čiča"\\\nalert.skip' } };
    const request = requestFor({ key: 'k1', notice: { ...notice, texts } }, radio(1, '/srv/air').settings);
    expect(request).toBe(`annotate:alert_key="k1",alert_id="${notice.alertId}",alert_kind="alert",title="VEŽBA: \\"Čiča\\"\\\\ alert.skip":/srv/air/${notice.alertId}.k1.wav`);
    expect(request).not.toContain('\n');
  });

  it('reads what request.metadata of a real server answers', () => {
    const answer = 'rid="0"\non_air="2026/11/24 07:04:25"\nstatus="playing"\ninitial_uri="annotate:alert_key=\\"k1\\":/t.wav"\nalert_key="k1"\nkind="{audio=pcm(stereo),video=none,midi=none}"';
    expect(Object.fromEntries(readMetadata(answer))).toMatchObject({ rid: '0', status: 'playing', alert_key: 'k1', initial_uri: 'annotate:alert_key="k1":/t.wav' });
  });

  it('writes twenty seconds of speech and proves how long it was on air, then removes the file', async () => {
    const { connection, receipts, folder } = await station({ simulated: { speed: 5 } });
    const message = sampleMessage();
    expect((await connection.publish(message, patient)).kind).toBe('accepted');
    const [name] = await readdir(folder);
    expect(CANARY_NAMES.some((canary) => name!.includes(canary))).toBe(false);
    expect(secondsOf(readWave(await readFile(`${folder}/${name}`))!)).toBeGreaterThan(20);
    expect(await eventually(() => receipts.length > 0)).toBe(true);
    const [, seconds] = /^aired (\d+)$/.exec(receipts[0]!.word) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(19);
    expect(receipts[0]).toMatchObject({ about: { reference: message.key }, stage: 'confirmed', at: new Date('2026-11-24T17:00:00Z') });
    expect(await readdir(folder)).toEqual([]);
  });

  it('finds what another process pushed under the same key, and pushes it no second time', async () => {
    const { connection, open, partner } = await station({ simulated: { speed: 20 } });
    const message = sampleMessage();
    await connection.publish(message, patient);
    expect((await open().publish(message, patient)).kind).toBe('accepted');
    expect(partner.ledger.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  });

  it('takes a notice off air at once, puts back what others had waiting, and airs the ending', async () => {
    const { connection, partner, receipts, folder } = await station({ simulated: { speed: 5 } });
    const [first, other] = [sampleMessage(), sampleMessage()];
    await connection.publish(first, patient);
    await connection.publish(other, patient);
    const ending = sampleMessage({ notice: sampleEnding('found', first.notice) });
    expect((await connection.withdraw(ending, patient)).kind).toBe('accepted');
    expect(partner.ledger.map(({ key, action, duplicate }) => `${[first.key, other.key, ending.key].indexOf(key)} ${action} ${duplicate}`)).toEqual(['0 publish false', '1 publish false', '1 publish true', '2 withdraw false']);
    expect((await readdir(folder)).some((name) => name.includes(first.key))).toBe(false);
    // What was cut short is reported as short, and proves nothing.
    for (const { about, word } of receipts) if ('reference' in about && about.reference === first.key) expect(Number(/^aired (\d+)$/.exec(word)?.[1])).toBeLessThan(LEAST_SECONDS - 1);
    expect(await connection.publish(first, patient)).toEqual({ kind: 'refused', reason: 'ended' });
  });

  it('stops a notice though nobody can speak its ending, and says why a notice cannot be spoken', async () => {
    const { connection } = await station({}, async () => ({ kind: 'missing' }));
    const message = sampleMessage();
    expect(await connection.publish(message, patient)).toEqual({ kind: 'refused', reason: 'voice_missing' });
    expect(await connection.withdraw(sampleMessage({ notice: sampleEnding('found', message.notice) }), patient)).toMatchObject({ kind: 'accepted', expectedReceipts: 0 });
    const failing = await station({}, async () => ({ kind: 'failed' }));
    expect(await failing.connection.publish(message, patient)).toEqual({ kind: 'deferred', reason: 'voice_failed' });
  });

  it('does not let a drill onto the air of live', async () => {
    const { connection, partner } = await station();
    expect((await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), patient)).kind).toBe('refused');
    expect(partner.ledger).toEqual([]);
  });

  it('says that its folder cannot be written', async () => {
    const { connection } = await station({ folder: '/dev/null/air' });
    expect(await connection.publish(sampleMessage(), patient)).toEqual({ kind: 'deferred', reason: 'folder_not_writable' });
  });
});
