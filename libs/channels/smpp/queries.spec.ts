import { FixedClock } from '#kernel/clock.js';
import type { Unheard } from '#dispatch/channel.js';
import { sampleEnding, sampleMessage, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { clearStage, inventedNumbers, numbersFile, stage, until } from './testing/operator-stage.js';

const patient = () => new AbortController().signal;
const notice = sampleNotice();
const soon = { perSecond: 100, afterSeconds: 0 };
const numbers = numbersFile(inventedNumbers(3));
afterEach(clearStage);
afterAll(() => numbers.remove());

describe('what becomes of a message is asked', () => {
  it('soon, where a submission is uncertain: of what was taken, and the answer counts as its receipt', async () => {
    const { operator, connection, receipts } = await stage({ languages: ['sr-Latn', 'en'], window: 1, query: soon });
    const message = sampleMessage({ notice });
    operator.setFaults({ noReceipts: true });
    // The first language is whole; the second is lost on its way.
    operator.decide(() => {
      if (operator.texts.length === 1) operator.dropBinds();
      return 0;
    });
    operator.answerQueries(() => ({ message_state: 2 }));
    const outcome = await connection.publish(message, patient());
    expect(outcome).toMatchObject({ kind: 'uncertain', reason: 'closed: 1 of 2 taken, 1 unknown', expectedReceipts: 2 });
    await until(() => receipts.length === 1);
    const references = outcome.kind === 'uncertain' ? outcome.references! : [];
    expect(receipts).toEqual([expect.objectContaining({ receiptKey: `${references.at(-1)!}:DELIVRD`, about: { reference: references.at(-1)! }, stage: 'confirmed' })]);
    expect(operator.queries).toEqual([references.at(-1)]);
    // Sent again, the receipt of the first attempt does not stand for one of the second.
    operator.decide(undefined);
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
  });

  it('of a segment whose message is not whole: that it arrived confirms nothing, that it never will says all', async () => {
    const { operator, connection, receipts } = await stage({ window: 1, query: soon });
    // The operator takes what it could not acknowledge, and would report it by itself.
    operator.setFaults({ noReceipts: true });
    const total = 3;
    const long = sampleNotice({ texts: { ...notice.texts, 'sr-Latn': { ...notice.texts['sr-Latn'], short: 'č'.repeat(67 * total) } } });
    const lost = () => operator.decide(({ segment }) => {
      if (segment === total) operator.dropBinds();
      return 0;
    });
    lost();
    operator.answerQueries(() => ({ message_state: 2 }));
    const outcome = await connection.publish(sampleMessage({ notice: long }), patient());
    expect(outcome).toMatchObject({ kind: 'uncertain', references: [expect.stringMatching(/^piece [^ ]+$/)] });
    await until(() => operator.queries.length === 1);
    // Under its own name it would be a whole message's: the operator may report it although nobody asked.
    expect(outcome.kind === 'uncertain' && outcome.references).toEqual([`piece ${operator.queries[0]!}`]);
    operator.answerQueries(() => ({ message_state: 8 }));
    await connection.publish(sampleMessage({ notice: long }), patient());
    await until(() => receipts.length === 1);
    expect(receipts).toMatchObject([{ word: 'REJECTD', stage: 'failed', about: { reference: `piece ${operator.queries[1]!}` } }]);
    expect(operator.queries.length).toBe(2);
  });

  it('after its validity, where no receipt came; a final state is a receipt, another is asked for again, not for ever', async () => {
    const clock = new FixedClock(notice.sent);
    const { operator, connection, receipts, events } = await stage({ audience: { kind: 'numbers', file: numbers.file }, query: soon }, clock);
    operator.setFaults({ noReceipts: true });
    const outcome = await connection.publish(sampleMessage({ notice }), patient());
    const [one, two, three] = outcome.kind === 'accepted' ? outcome.references : [];
    const states = new Map([[one, 3], [two, 1], [three, 5]]);
    operator.answerQueries((id) => ({ message_state: states.get(id)! }));
    expect(operator.queries).toEqual([]);
    clock.set(new Date(Date.parse(notice.expires) + 1_000));
    await until(() => operator.queries.length === 3);
    await until(() => receipts.length === 2);
    expect(new Set(receipts.map((r) => `${r.receiptKey} ${r.stage}`))).toEqual(new Set([`${one!}:EXPIRED failed`, `${three!}:UNDELIV failed`]));
    for (const asked of [4, 5]) {
      // On and on: the answer to the round before may be on its way still, and only then is the next one fixed.
      await until(() => {
        clock.advance(16 * 60_000);
        return operator.queries.length >= asked;
      });
      expect(operator.queries.at(-1)).toBe(two);
    }
    await until(() => events.some((event) => event.startsWith('receipt.asked')));
    expect(events.find((event) => event.startsWith('receipt.asked'))).toContain('"asked":5,"told":2,"unknown":1');
    expect(receipts.length).toBe(2);
  });

  it('not where the receipts came; nothing is made of a message that the operator no longer knows', async () => {
    const clock = new FixedClock(notice.sent);
    const { operator, connection, receipts, events } = await stage({ audience: { kind: 'numbers', file: numbers.file }, query: soon }, clock);
    operator.setFaults({ noReceipts: true });
    const outcome = await connection.publish(sampleMessage({ notice }), patient());
    const [one, two, three] = outcome.kind === 'accepted' ? outcome.references : [];
    operator.sendReceipt(one!, 'DELIVRD');
    await until(() => receipts.length === 1);
    operator.answerQueries((id) => ({ command_status: id === two ? 0x0c : 0x67 }));
    clock.set(new Date(Date.parse(notice.expires) + 1_000));
    await until(() => events.some((event) => event.startsWith('receipt.asked')));
    expect(new Set(operator.queries)).toEqual(new Set([two, three]));
    expect(events.find((event) => event.startsWith('receipt.asked'))).toContain('"asked":2,"told":0,"unknown":2');
    expect(receipts.length).toBe(1);
  });

  it('by a process that took over: of what is uncertain soon, of everything else after its validity; and recalls it', async () => {
    const clock = new FixedClock(notice.sent);
    const left = { alertId: notice.alertId, part: 0, isEnding: false, expires: new Date(notice.expires), uncertain: false };
    let asked = 0;
    const unheard = async (): Promise<Unheard[]> => {
      asked += 1;
      return [{ ...left, references: ['whole'] }, { ...left, part: 1, uncertain: true, references: ['known', 'piece half'] }, { ...left, part: 2, isEnding: true, references: ['ending'] }];
    };
    const { operator, connection, receipts } = await stage({ query: soon }, clock, { unheard });
    operator.answerQueries((id) => ({ message_state: id === 'half' ? 5 : 2 }));
    await until(() => receipts.length === 2);
    expect(operator.queries).toEqual(['known', 'half']);
    expect(receipts.map(({ about, word }) => [about, word])).toEqual([[{ reference: 'known' }, 'DELIVRD'], [{ reference: 'piece half' }, 'UNDELIV']]);
    expect(await connection.withdraw(sampleMessage({ notice: sampleEnding('found', notice) }), patient())).toMatchObject({ kind: 'accepted' });
    await until(() => operator.cancels.late === 1);
    clock.set(new Date(Date.parse(notice.expires) + 1_000));
    await until(() => ['whole', 'ending'].every((id) => operator.queries.includes(id)));
    expect(asked).toBe(1);
  });

  it('not again of an operator that knows no such command, nor of one that is not to be asked', async () => {
    const clock = new FixedClock(notice.sent);
    const { operator, connection, receipts, events } = await stage({ audience: { kind: 'numbers', file: numbers.file }, query: soon }, clock);
    operator.setFaults({ noReceipts: true });
    operator.answerQueries(() => ({ command_status: 0x03 }));
    await connection.publish(sampleMessage({ notice }), patient());
    clock.set(new Date(Date.parse(notice.expires) + 1_000));
    await until(() => events.some((event) => event.startsWith('receipt.asked')));
    await connection.publish(sampleMessage({ notice: sampleNotice() }), patient());
    expect(operator.queries.length).toBe(1);
    expect(events.find((event) => event.startsWith('receipt.asked'))).toContain('"unknown":3,"cause":"no_such_command"');
    expect(receipts).toEqual([]);

    const silent = await stage({ audience: { kind: 'numbers', file: numbers.file }, query: null }, clock);
    silent.operator.setFaults({ noReceipts: true });
    await silent.connection.publish(sampleMessage({ notice }), patient());
    expect(await silent.connection.probe(patient())).toEqual({ well: true });
    expect(silent.operator.queries).toEqual([]);
  });
});
