import { ntcipSign } from '#channels/ntcip-sign/channel.js';
import { ntcipSignSettings, type NtcipSignSettingsInput } from '#channels/ntcip-sign/config.js';
import { encode } from '#channels/ntcip-sign/encode.js';
import type { Connection, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { FixedClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { COMMUNITY, startSnmpdProgram, USER, type SnmpdProgram } from './snmpd-program.js';

const CURRENT_TEXT = '.1.3.6.1.4.1.1206.4.2.3.5.8.1.3.5.1';
const SLOT_TEXT = '.1.3.6.1.4.1.1206.4.2.3.5.8.1.3.3.2';
const v2c = { version: 'v2c', community: 'community' } as const;
const v3 = { version: 'v3', user: USER.name, authPassword: 'auth', privPassword: 'priv' } as const;

const honest = await startSnmpdProgram();

if (typeof honest === 'string') it.skip(`a sign behind snmpd shows our notices (skipped: ${honest})`, () => undefined);
else {
  describe('a sign behind snmpd', () => {
    const patient = () => new AbortController().signal;
    const programs: SnmpdProgram[] = [honest];
    const connections: Connection[] = [];
    afterAll(async () => {
      for (const connection of connections) await connection.close();
      for (const program of programs) await program.stop();
    });

    const settingsOf = (port: number, access: NtcipSignSettingsInput['access'] = v2c) => ntcipSignSettings.parse({ host: '127.0.0.1', port, access, rows: 4, columns: 20, maxPages: 4, slot: 2, settleMs: 300 });
    function open(port: number, access?: NtcipSignSettingsInput['access'], secrets: Readonly<Record<string, string>> = { community: COMMUNITY, auth: USER.authPassword, priv: USER.privPassword }) {
      const receipts: Receipt[] = [];
      const connection = ntcipSign.open(
        { id: 'znak' as DestinationId, name: 'Znak', channel: 'ntcip-sign', mode: 'drill', settings: { ...settingsOf(port, access), timeoutMs: 700, tries: 2 } },
        { clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: (name) => secrets[name] ?? '', outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt) },
      );
      connections.push(connection);
      return { connection, receipts };
    }

    it.each([['v2c, a community', v2c], ['v3, authentication and encryption', v3]])('shows a notice, its update, and goes dark, by %s', async (_name, access) => {
      const { connection, receipts } = open(honest.port, access);
      expect(await connection.probe(patient())).toEqual({ well: true });
      const message = sampleMessage();
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted' });
      expect(honest.read(CURRENT_TEXT)).toBe(encode(message.notice, settingsOf(1)).toString());
      const update = sampleMessage({ notice: sampleUpdate(message.notice, { texts: { ...message.notice.texts, 'sr-Latn': { ...message.notice.texts['sr-Latn'], headline: 'Dopuna' } } }) });
      expect(await connection.publish(update, patient())).toMatchObject({ kind: 'accepted' });
      expect(honest.read(CURRENT_TEXT)).toBe(encode(update.notice, settingsOf(1)).toString());
      expect(await connection.withdraw(sampleMessage({ notice: sampleEnding('found', update.notice) }), patient())).toMatchObject({ kind: 'accepted' });
      expect([honest.read(CURRENT_TEXT), honest.read(SLOT_TEXT)]).toEqual(['', '']);
      expect(receipts.map((r) => r.word)).toEqual(['displayed', 'displayed', 'blanked']);
    });

    it('does not hear those who have another password', async () => {
      const { connection } = open(honest.port, v3, { auth: 'sasvim-druga-lozinka', priv: USER.privPassword });
      const outcome = await connection.publish(sampleMessage(), patient());
      expect(outcome.kind).toBe('deferred');
      expect((await connection.probe(patient())).well).toBe(false);
      expect(honest.read(CURRENT_TEXT)).toBe('');
    });

    it('that answers every SET and shows nothing is not believed', async () => {
      const liar = await startSnmpdProgram({ lying: true });
      if (typeof liar === 'string') throw new Error(liar);
      programs.push(liar);
      const { connection, receipts } = open(liar.port);
      expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'uncertain', reason: 'not_shown' });
      expect(receipts).toEqual([]);
    });
  });
}
