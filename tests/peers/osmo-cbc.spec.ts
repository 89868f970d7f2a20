import { cellBroadcast } from '#channels/cell-broadcast/channel.js';
import { cellBroadcastSettings } from '#channels/cell-broadcast/config.js';
import { preview } from '#channels/cell-broadcast/encode.js';
import type { Connection, Message } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { FixedClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { BaseStationController, type Told } from './base-station-controller.js';
import { startOsmoCbcProgram } from './osmo-cbc-program.js';

const centre = await startOsmoCbcProgram();

if (typeof centre === 'string') it.skip(`the Osmocom CBC takes our cell broadcasts (skipped: ${centre})`, () => undefined);
else {
  describe('the Osmocom CBC', () => {
    const settings = cellBroadcastSettings.parse({ driver: 'osmo-cbc', host: '127.0.0.1', port: centre.port, scope: 'plmn' });
    const patient = () => new AbortController().signal;
    let connection: Connection;
    let station: BaseStationController;
    beforeAll(async () => {
      station = await BaseStationController.connectTo(centre.cbspPort);
      connection = cellBroadcast.open(
        { id: 'osmo' as DestinationId, name: 'Osmocom', channel: 'cell-broadcast', mode: 'drill', settings },
        { clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: () => '', outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined },
      );
    });
    afterAll(async () => {
      await connection.close();
      station.close();
      await centre.stop();
    });

    /** A 409 or a 404 of the program may never come: what a dispatcher does then is to repeat. */
    const persistently = async (attempt: (signal: AbortSignal) => Promise<{ kind: string }>): Promise<string> => {
      for (let tries = 0; tries < 5; tries += 1) {
        const { kind } = await attempt(AbortSignal.timeout(1_500));
        if (kind !== 'uncertain') return kind;
      }
      return 'uncertain';
    };
    const shown = ({ pages }: Told): string => pages.map((page) => Buffer.from(page).swap16().toString('utf16le').replace(/\r+$/, '')).join('');

    it('hands the pages to base stations as they were previewed, replaces them, and stops', async () => {
      const first = sampleMessage();
      expect((await connection.publish(first, patient())).kind).toBe('accepted');
      const previews = preview(first.notice, settings);
      const [ours, english] = [station.onAir.get(4381)!, station.onAir.get(4394)!];
      expect([shown(ours), shown(english)]).toEqual(previews.map((p) => p.text));
      expect(ours).toMatchObject({ dcs: 0x48, repetitionPeriod: 32, broadcasts: 716 });
      expect(ours.pages.every((page) => page.length === 82)).toBe(true);
      expect(ours.serial).toBe(english.serial);

      const update: Message = sampleMessage({ notice: sampleUpdate(first.notice) });
      expect(await persistently((signal) => connection.publish(update, signal))).toBe('accepted');
      expect(station.onAir.get(4381)!.serial).toBe(ours.serial + 1);

      const ending = sampleMessage({ notice: sampleEnding('found', update.notice) });
      expect(await persistently((signal) => connection.withdraw(ending, signal))).toBe('accepted');
      expect([...station.onAir]).toEqual([]);
      // And again, of what it does not know any more.
      expect(await persistently((signal) => connection.withdraw(ending, signal))).toBe('accepted');
    });

    it('is well without being published to', async () => {
      expect(await connection.probe(patient())).toEqual({ well: true });
    });
  });
}
