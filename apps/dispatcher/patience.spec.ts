import { fail } from '#kernel/errors.js';
import { patiently } from './patience.js';

describe('a start that needs a busy store', () => {
  const answering = (...answers: (Error | string)[]) => async () => {
    const answer = answers.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  };

  it('asks again, as often as it was told', async () => {
    expect(await patiently(3, answering(fail('STORE_BUSY'), fail('STORE_BUSY'), 'here'))).toBe('here');
    await expect(patiently(2, answering(fail('STORE_BUSY'), fail('STORE_BUSY'), 'too late'))).rejects.toMatchObject({ code: 'STORE_BUSY' });
  });

  it('lets every other trouble be seen at once', async () => {
    await expect(patiently(3, answering(new Error('a bug'), 'here'))).rejects.toThrow('a bug');
    await expect(patiently(3, answering(fail('ALERT_STALE'), 'here'))).rejects.toMatchObject({ code: 'ALERT_STALE' });
  });
});
