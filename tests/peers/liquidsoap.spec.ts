import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { houseVoice } from '#alerts/voice.js';
import { createLiquidsoap } from '#channels/liquidsoap/channel.js';
import { liquidsoapSettings } from '#channels/liquidsoap/config.js';
import type { Connection, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage } from '#dispatch/testing/sample-notice.js';
import { systemClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { until } from '../support/until.js';
import { PROGRAMME_HERTZ, SAMPLE_RATE, shareOf, startLiquidsoapStation } from './liquidsoap-station.js';

const voice = await houseVoice('proba', 'sr', AbortSignal.timeout(10_000));
const station = voice.kind === 'spoken' ? await startLiquidsoapStation() : 'there is no voice program';

if (typeof station === 'string') it.skip(`Liquidsoap and Icecast air the spoken notice (skipped: ${station})`, () => undefined);
else {
  describe('Liquidsoap with Icecast', () => {
    const patient = () => AbortSignal.timeout(15_000);
    const air = join(station.folder, 'air');
    const receipts: Receipt[] = [];
    let connection: Connection;
    beforeAll(() => {
      connection = createLiquidsoap(houseVoice).open(
        { id: 'radio' as DestinationId, name: 'Radio Proba', channel: 'liquidsoap', mode: 'drill', settings: liquidsoapSettings.parse({ port: station.port, folder: air }) },
        { clock: systemClock, log: silentLog, secret: () => '', outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt) },
      );
    });
    afterAll(async () => {
      await connection.close();
      await station.stop();
    });

    const windowLength = SAMPLE_RATE / 4;
    /** A quarter of a second each: `=` where nothing but the programme is on the air, `.` silence, `n` anything else. */
    let told = '';
    const score = (): string => {
      const heard = station.heard();
      for (let at = told.length * windowLength; at + windowLength <= heard.length; at += windowLength) {
        const part = heard.subarray(at, at + windowLength);
        told += part.every((sample) => Math.abs(sample) < 40) ? '.' : shareOf(PROGRAMME_HERTZ, part) > 0.95 ? '=' : 'n';
      }
      return told;
    };
    const secondsOf = (windows: string): number => windows.length / 4;

    it('interrupts the programme for twenty seconds and more with the notice, and then the programme is there again', async () => {
      await until(score, (all) => /={8}$/.test(all));
      const message = sampleMessage();
      expect((await connection.publish(message, patient())).kind).toBe('accepted');
      const whole = await until(score, (all) => /n[n.]+={8,}$/.test(all));
      const [notice] = /n[n.]+(?==+$)/.exec(whole)!;
      expect(secondsOf(notice)).toBeGreaterThan(20);
      // It is speech: sound and pauses, begun by the two notes of the opening sign.
      expect(notice).toMatch(/\./);
      const heard = station.heard().subarray(whole.indexOf(notice) * windowLength);
      const loudest = (hertz: number): number => Math.max(...Array.from({ length: 40 }, (_, i) => shareOf(hertz, heard.subarray(i * 1_102, i * 1_102 + 6_000))));
      expect(loudest(523.25)).toBeGreaterThan(0.9);
      expect(loudest(698.46)).toBeGreaterThan(0.9);
      await until(() => receipts.length, (count) => count === 1);
      expect(receipts[0]).toMatchObject({ about: { reference: message.key }, stage: 'confirmed' });
      expect(Number(/^aired (\d+)$/.exec(receipts[0]!.word)?.[1])).toBeGreaterThanOrEqual(20);
      expect(readdirSync(air)).toEqual([]);
    }, 150_000);

    it('is taken off the air at once, and airs the ending instead', async () => {
      const before = receipts.length;
      const message = sampleMessage();
      await connection.publish(message, patient());
      // On air, and the same key is found there.
      expect((await connection.publish(message, patient())).kind).toBe('accepted');
      const ending = sampleMessage({ notice: sampleEnding('found', message.notice) });
      expect((await connection.withdraw(ending, patient())).kind).toBe('accepted');
      expect(readdirSync(air).some((name) => name.includes(message.key))).toBe(false);
      await until(() => receipts.length, (count) => count > before && receipts.some(({ about }) => 'reference' in about && about.reference === ending.key));
      const ofMessage = receipts.slice(before).filter(({ about }) => 'reference' in about && about.reference === message.key);
      for (const { word } of ofMessage) expect(Number(/^aired (\d+)$/.exec(word)?.[1])).toBeLessThan(10);
      await until(score, (all) => /n[n.]+={4,}$/.test(all));
    });

    it('refuses what it cannot read, though the server gives it a number', async () => {
      const blind = createLiquidsoap(houseVoice).open(
        { id: 'radio' as DestinationId, name: 'Radio Proba', channel: 'liquidsoap', mode: 'drill', settings: liquidsoapSettings.parse({ port: station.port, folder: air, folderAtPlayout: '/nowhere' }) },
        { clock: systemClock, log: silentLog, secret: () => '', outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined },
      );
      expect(await blind.publish(sampleMessage(), patient())).toEqual({ kind: 'refused', reason: 'not_playable' });
      await blind.close();
    });
  });
}
