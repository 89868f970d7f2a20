import type { DestinationId } from '#kernel/ids.js';
import type { Answer } from '../../tests/support/dispatch-stage.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { unheardOf } from './unheard-view.js';

const HOUR_MS = 3_600_000;
const mts = 'mts' as DestinationId;
const accepted: Answer = (call) => {
  call.take();
  return { kind: 'accepted', references: ['m-1', 'm-2'], expectedReceipts: 2 };
};
const uncertain: Answer = () => ({ kind: 'uncertain', reason: 'timeout', references: ['u-1'], expectedReceipts: 2 });

let stage: DispatchStage;
beforeAll(async () => {
  stage = await DispatchStage.open([{ id: 'mts', resend: 'ask' }, { id: 'other' }]);
});
afterAll(() => stage.close());

const unheard = (now = stage.clock.now()) => unheardOf(stage.source, mts, now);
const tell = (reference: string, about: DestinationId = mts) => stage.deliveries().receive([{ destination: about, receiptKey: reference, about: { reference }, stage: 'confirmed', word: 'DELIVRD' }]);

describe('what waits to be heard of', () => {
  it('is what a partner took, without what was reported, up to two days past its validity', async () => {
    const dispatcher = stage.dispatcher();
    stage.answer('mts', accepted, uncertain);
    stage.answer('other', accepted);
    const first = await stage.approved();
    await dispatcher.drain();
    const second = await stage.approved();
    await dispatcher.drain();
    const [one, two] = await unheard();
    expect([one, two]).toMatchObject([
      { alertId: first.id, part: 0, isEnding: false, uncertain: false, references: ['m-1', 'm-2'] }, { alertId: second.id, part: 0, isEnding: false, uncertain: true, references: ['u-1'] },
    ]);
    await tell('m-1', 'other' as DestinationId);
    await tell('m-1');
    expect((await unheard()).map((each) => each.references)).toEqual([['m-2'], ['u-1']]);
    await tell('m-2');
    expect((await unheard()).map((each) => each.references)).toEqual([['u-1']]);
    const past = (ms: number) => new Date(two!.expires.getTime() + ms);
    expect(await unheard(past(47 * HOUR_MS))).toHaveLength(1);
    expect(await unheard(past(49 * HOUR_MS))).toEqual([]);

    await stage.withdrawn(second);
    await dispatcher.drain();
    expect((await stage.states(second.id)).filter((state) => state.startsWith('mts'))).toEqual(['mts alert cancelled', 'mts withdrawn accepted']);
    expect(await unheard()).toMatchObject([{ alertId: second.id, uncertain: true, references: ['u-1'] }]);
  });
});
