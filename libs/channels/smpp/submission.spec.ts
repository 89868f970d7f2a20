import type { Reply, Request } from './bind.js';
import type { Target } from './config.js';
import type { SmsMessage } from './encode.js';
import type { Operator, Sender } from './operator.js';
import { answerOf, COMMAND } from './pdu.js';
import { outcomeOf, readReferences, referencesOf, series, submitAll, type Tally } from './submission.js';
import { settingsWith } from './testing/operator-stage.js';

const settings = settingsWith({ binds: 1, window: 2, timeoutMs: 60_000 });
const how = () => ({ settings, signal: new AbortController().signal, urgent: false });
const NUMBERS: readonly Target[] = ['381600000001', '381600000002', '381600000003'].map((number) => ({ number }));
const LIST: readonly Target[] = [{ list: 'SVI' }];

/** A message of so many segments; each says which it is. */
const message = (language: SmsMessage['language'], segments = 1): SmsMessage =>
  ({ language, segments: Array.from({ length: segments }, (_, n) => ({ before: Buffer.from(`${language}.${n + 1} `), after: Buffer.alloc(0) })) });

const cString = (text: string): Buffer => Buffer.from(`${text}\0`);
const status = (code: number): Reply => ({ answer: { command: answerOf(COMMAND.submitSm), status: code, sequence: 1, body: Buffer.alloc(0) } });
const taken = (id: string): Reply => ({ answer: { command: answerOf(COMMAND.submitSm), status: 0, sequence: 1, body: cString(id) } });
const takenBut = (id: string, code: number): Reply => ({
  answer: { command: answerOf(COMMAND.submitMulti), status: 0, sequence: 1, body: Buffer.concat([cString(id), Buffer.from([1, 1, 1]), cString('SVI'), Buffer.from([0, 0, 0, code])]) },
});
const refused = 0x0b;
const lost = (how: 'timeout' | 'closed' | 'rubbish'): Reply => ({ lost: how });

/** An operator that answers each request as `answer` says, at once; it writes down what it was sent. */
function operatorThat(answer: (sent: string, n: number) => Reply): { operator: Operator; sent: string[] } {
  const sent: string[] = [];
  const serve = (sender: Sender): void => {
    while (sender.waiting) {
      const request: Request = sender.next();
      const body = Buffer.alloc(request.size);
      request.write(body, 0);
      // What stands before the target, and the target behind type and plan.
      const text = body.toString('latin1').replace(/[^\x20-\x7e]+/g, '');
      sent.push(text);
      try {
        request.settle(answer(text, sent.length));
      } catch {
        // The bind closes.
      }
    }
  };
  const operator = { takenAt: 0, took: () => undefined, throttle: { slowDown: () => undefined, pausedMs: () => 0 }, enlist: serve, leave: () => undefined, serve: () => undefined };
  return { operator: operator as unknown as Operator, sent };
}

describe('a submission', () => {
  it('sends every target its first language before any gets the second, the segments of each in order', async () => {
    const { operator, sent } = operatorThat((_, n) => taken(`id${n}`));
    const tally = await submitAll(operator, [message('sr-Latn'), message('en', 2)], NUMBERS.slice(0, 2), how());
    expect(sent.map((text) => text.replace(/3816000000/, ''))).toEqual(['sr-Latn.1 01', 'sr-Latn.1 02', 'en.1 01', 'en.2 01', 'en.1 02', 'en.2 02']);
    expect(tally).toMatchObject({ count: { taken: 4, refused: 0, unknown: 0 }, finals: ['id1', 'id2', 'id4', 'id6'], partials: [] });
  });

  it('begins nothing more with an operator that is silent or answers rubbish, and goes on when a connection was closed', async () => {
    for (const word of ['timeout', 'rubbish', 'closed'] as const) {
      const { operator } = operatorThat((_, n) => (n === 1 ? lost(word) : taken(`id${n}`)));
      expect((await submitAll(operator, [message('en')], NUMBERS, how())).count).toMatchObject(word === 'closed' ? { unknown: 1, taken: 2, unsent: 0 } : { unknown: 1, taken: 0, unsent: 2 });
    }
    const { operator } = operatorThat(() => taken(''));
    expect(await submitAll(operator, [message('en')], NUMBERS, how())).toMatchObject({ count: { unknown: 1, unsent: 2 }, words: { unknown: 'rubbish', unsent: 'rubbish' } });
  });

  it('counts a message of which a segment was taken as unknown, and keeps the last that was; a whole one that is refused, as a failure', async () => {
    const { operator } = operatorThat((text, n) => (text.includes('.3') || text.endsWith('02') ? status(refused) : taken(`id${n}`)));
    const tally = await submitAll(operator, [message('en', 3)], NUMBERS, how());
    expect(tally).toMatchObject({ count: { unknown: 2, refused: 1, taken: 0 }, finals: [], failures: [{ name: 'en.1', word: 'ESME_RINVDSTADR' }] });
    expect(tally.partials).toEqual([tally.ids[1], tally.ids[3]]);
  });

  it('to a list is taken only when the list is not among those to which it did not go, whatever is said of it', async () => {
    for (const [code, word] of [[refused, 'ESME_RINVDSTADR'], [0, 'ESME_RINVNUMDESTS']] as const) {
      const { operator } = operatorThat(() => takenBut('id', code));
      expect(await submitAll(operator, [message('en')], LIST, how())).toMatchObject({ count: { taken: 0, refused: 1 }, words: { refused: word }, ids: [] });
    }
  });

  it('one by one stops for an operator that is away or silent, and not for one that closed a connection or refuses a number', async () => {
    const stoppedAfter = async (reply: Reply): Promise<string | undefined> => {
      const one = series(operatorThat(() => reply).operator, how());
      await one.submit(message('en'), NUMBERS[0]!, 'm');
      return one.stopped();
    };
    expect(await Promise.all([taken('id'), status(refused), lost('closed'), lost('timeout'), lost('rubbish')].map(stoppedAfter))).toEqual([undefined, undefined, undefined, 'timeout', 'rubbish']);
    const away = series({ ...operatorThat(() => taken('id')).operator, enlist: (sender: Sender) => sender.dismiss('unreachable') } as unknown as Operator, how());
    expect([await away.submit(message('en'), NUMBERS[0]!, 'm'), away.stopped()]).toEqual(['unsent', 'unreachable']);
  });
});

describe('what the fates of a submission mean', () => {
  const tally = (count: Partial<Tally['count']>, more: Partial<Tally> = {}): Tally =>
    ({ count: { taken: 0, refused: 0, spent: 0, unsent: 0, unknown: 0, ...count }, ids: [], finals: [], partials: [], failures: [], words: {}, ...more });

  it('is accepted where nothing is open, with as many receipts as were taken, where receipts come', () => {
    expect(outcomeOf(tally({ taken: 2, refused: 1 }, { finals: ['a', 'b'] }), true)).toEqual({ kind: 'accepted', references: ['a', 'b'], expectedReceipts: 2 });
    expect(outcomeOf(tally({ taken: 2 }, { finals: ['a', 'b'] }), false)).toEqual({ kind: 'accepted', references: ['a', 'b'], expectedReceipts: 0 });
  });

  it('is uncertain where something is unknown, or some were not sent; then all of it must be heard of before it is confirmed', () => {
    const told = 'timeout: 1 of 3 taken, 1 unknown';
    expect(outcomeOf(tally({ taken: 1, unknown: 1, unsent: 1 }, { finals: ['a'], partials: ['b'], words: { unknown: 'timeout' } }), true)).toEqual({ kind: 'uncertain', reason: told, references: ['a', 'piece b'], expectedReceipts: 3 });
    expect(outcomeOf(tally({ taken: 1, unknown: 1, unsent: 1 }, { finals: ['a'], words: { unknown: 'timeout' } }), false)).toEqual({ kind: 'uncertain', reason: told });
    expect(outcomeOf(tally({ taken: 1, unsent: 1 }, { finals: ['a'], words: { unsent: 'aborted' } }), true)).toEqual({ kind: 'uncertain', reason: 'aborted', references: ['a'], expectedReceipts: 2 });
  });

  it('is deferred where nothing was taken and something may still be, for the reason that lasts least; refused where all were', () => {
    expect(outcomeOf(tally({ unsent: 1, spent: 1 }, { words: { unsent: 'ESME_RTHROTTLED', spent: 'ESME_RSYSERR' }, retryAfterMs: 2_000 }), true)).toEqual({ kind: 'deferred', reason: 'ESME_RTHROTTLED: 0 of 2 taken, 0 unknown', retryAfterMs: 2_000 });
    expect(outcomeOf(tally({ spent: 1, refused: 1 }, { words: { spent: 'ESME_RSYSERR' } }), true)).toEqual({ kind: 'deferred', reason: 'ESME_RSYSERR: 0 of 2 taken, 0 unknown' });
    expect(outcomeOf(tally({ refused: 1 }, { words: { refused: 'ESME_RINVDLNAME' } }), true)).toEqual({ kind: 'refused', reason: 'ESME_RINVDLNAME' });
  });

  it('is told in references that are read again as they were meant', () => {
    const of = { finals: ['a', 'b'], partials: ['c'] };
    expect(readReferences(referencesOf(of))).toEqual(of);
  });
});
