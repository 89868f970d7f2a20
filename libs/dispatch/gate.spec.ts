import { Gate } from './gate.js';

const patient = () => new AbortController().signal;

describe('a gate', () => {
  it('lets so many in and the others after them, in the order in which they came', async () => {
    const gate = new Gate(2);
    const inside: string[] = [];
    const enter = async (name: string) => {
      const leave = await gate.enter(patient());
      inside.push(name);
      return leave;
    };
    const [a, , c, d] = [enter('a'), enter('b'), enter('c'), enter('d')];
    const leaveA = await a;
    expect(inside).toEqual(['a', 'b']);
    leaveA();
    const leaveC = await c;
    expect(inside).toEqual(['a', 'b', 'c']);
    leaveC();
    await d;
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps nobody whose signal aborts, and gives their place to nobody twice', async () => {
    const gate = new Gate(1);
    const leave = await gate.enter(patient());
    const abort = new AbortController();
    const given = gate.enter(abort.signal);
    let admitted = false;
    const third = gate.enter(patient()).then((out) => {
      admitted = true;
      return out;
    });
    abort.abort();
    (await given)();
    (await gate.enter(AbortSignal.abort()))();
    expect(admitted).toBe(false);
    leave();
    (await third)();
    expect(admitted).toBe(true);
    (await gate.enter(patient()))();
  });
});
