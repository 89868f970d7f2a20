import { sampleEnding, sampleMessage, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { smpp } from './channel.js';
import { SMS } from './numbers.js';
import { clearStage, inventedNumbers, stage, subscribe } from './testing/operator-stage.js';

const patient = () => new AbortController().signal;
const audience = { audience: { kind: 'subscribers', shards: 1 } };
const selection = { kind: SMS, mode: 'drill', shard: 0, shards: 1, nearest: [] } as const;
afterEach(clearStage);

describe('SMS to people who asked for it', () => {
  it('comes to each in their own language, with a receipt expected of each, and no number in the log', async () => {
    const { operator, connection, audience: people, events } = await stage(audience);
    const [one, two, three] = inventedNumbers(3);
    await subscribe(people, [one!], 'en');
    await subscribe(people, [two!, three!], 'sr-Cyrl');
    const message = sampleMessage();
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
    const { texts } = message.notice;
    expect(Object.fromEntries(operator.texts.map(({ to, text }) => [to, text]))).toEqual({ [one!]: texts.en.short, [two!]: texts['sr-Cyrl'].short, [three!]: texts['sr-Cyrl'].short });
    expect(events.join()).not.toContain('999600');
  });

  it('comes first to those who named the district of the disappearance, unless the operator wants no order', async () => {
    const districts = [null, ['RS-23'], ['RS-20']];
    const from = async (order: string) => {
      const { operator, connection, audience: people } = await stage({ audience: { kind: 'subscribers', shards: 1, order }, window: 1 });
      for (const [n, number] of inventedNumbers(18).entries()) {
        await people.add({ kind: SMS, mode: 'drill', language: 'sr-Latn', districts: districts[n % 3]!, identity: number, contact: number, confirmed: true });
      }
      const members = await people.members(selection, undefined, 18);
      expect(await connection.publish(sampleMessage({ notice: sampleNotice({ area: { kind: 'country' } }) }), patient())).toMatchObject({ kind: 'accepted' });
      return { told: operator.texts.map(({ to }) => to), members: members.map((m) => m.contact) };
    };
    const { told } = await from('nearest');
    // Last seen in Niš, RS-20; the next district is RS-23.
    expect(told.map((number) => 2 - (Number(number.slice(-6)) % 3)).join('')).toBe(`${'0'.repeat(6)}${'1'.repeat(6)}${'2'.repeat(6)}`);
    const any = await from('any');
    expect(any.told).toEqual(any.members);
  });

  it('is checked in every language before it is approved: anyone may have chosen any', async () => {
    const { destination: { settings } } = await stage(audience);
    expect(smpp.preview(sampleMessage().notice, settings).map((p) => p.language)).toEqual(['sr-Latn', 'sr-Cyrl', 'en']);
    expect([smpp.parts({ ...settings, audience: { kind: 'subscribers', shards: 7, partMs: 5_000, order: 'nearest' } }), smpp.attemptMs!(settings)]).toEqual([7, 1_800_000]);
  });

  it('goes on after a crash behind the last one that was acknowledged, although the operator promises nothing', async () => {
    const { operator, audience: people, headway, destination, line } = await stage(audience);
    await subscribe(people, inventedNumbers(9));
    const members = await people.members(selection, undefined, 9);
    const message = sampleMessage();
    headway.places.set(message.deliveryId, { after: members[5]!.place, taken: 6 });
    const successor = smpp.open(destination, line);
    try {
      expect(await successor.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
    } finally {
      await successor.close();
    }
    expect(operator.texts.map((t) => t.to).sort()).toEqual(members.slice(6).map((m) => m.contact).sort());
    expect(headway.marks.at(-1)).toMatchObject({ taken: 9, total: 9 });
    expect(headway.places.size).toBe(0);
  });

  it('writes down where it stands when it is interrupted, and sends in a repetition to the others alone', async () => {
    const { operator, connection, audience: people, headway } = await stage({ ...audience, window: 1, timeoutMs: 300 });
    await subscribe(people, inventedNumbers(12));
    const message = sampleMessage();
    let submitted = 0;
    // Full after the seventh message, whatever its segments.
    operator.decide(({ segment }) => (segment === 1 && (submitted += 1) > 7 ? 0x14 : 0));
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'uncertain', reason: expect.stringContaining('7 taken, 0 unknown, ') as string });
    const members = await people.members(selection, undefined, 12);
    expect(headway.places.get(message.deliveryId)).toEqual({ after: members[6]!.place, taken: 7 });
    operator.decide(undefined);
    const outcome = await connection.publish(message, patient());
    expect(outcome).toMatchObject({ kind: 'accepted', expectedReceipts: 12 });
    expect(new Set(operator.texts.map((t) => t.to)).size).toBe(12);
    expect(operator.texts.length).toBe(12);
    // Receipts of both attempts are recognised.
    expect(outcome.kind === 'accepted' && new Set(outcome.references).size).toBe(12);
  });

  it('tells who was refused as a failure of its own, and forgets what is no number', async () => {
    const { operator, connection, audience: people, receipts } = await stage(audience);
    const [one, two] = inventedNumbers(2);
    await subscribe(people, [one!, two!, 'nije broj']);
    operator.decide(({ to }) => (to === two ? 0x0b : 0));
    const message = sampleMessage();
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 1 });
    const failed = receipts.filter((r) => r.stage === 'failed');
    expect(failed).toMatchObject([{ word: 'ESME_RINVDSTADR', about: { key: message.key } }]);
    expect(failed[0]!.receiptKey).not.toContain(two!);
    expect(people.dropped.map((d) => d.why)).toEqual(['unreadable']);
  });

  it('follows with the ending, and is accepted where nobody asked', async () => {
    const { operator, connection, audience: people } = await stage(audience);
    const message = sampleMessage();
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 0 });
    await subscribe(people, inventedNumbers(2));
    const ending = sampleEnding('found', message.notice);
    expect(await connection.withdraw(sampleMessage({ notice: ending }), patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 2 });
    expect(operator.texts.map((t) => t.text)).toEqual([ending.texts['sr-Latn'].short, ending.texts['sr-Latn'].short]);
  });
});
