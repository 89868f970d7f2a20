import { sampleNotice } from '#dispatch/testing/sample-notice.js';
import { firstVoice, packagedVoice, speakNotice, SpokenNotices, systemVoice, type Voice } from './voice.js';
import { LEAST_SECONDS } from './speech.js';
import { arrange, readWave, secondsOf, writeWave, type Wave } from './wave.js';

const never = new AbortController().signal;
const tone = (seconds: number): Wave => {
  const samples = new Int16Array(seconds * 8_000);
  for (let i = 0; i < samples.length; i += 1) samples[i] = (i % 50) * 160 - 4_000;
  return { sampleRate: 8_000, samples };
};
const toneVoice: Voice = async () => ({ kind: 'spoken', wave: tone(7) });

describe('a wave', () => {
  it('is read as it was written, also when its header announces more than there is', () => {
    const bytes = writeWave(tone(1));
    expect(writeWave(readWave(bytes)!).equals(bytes)).toBe(true);
    bytes.writeUInt32LE(0x7fff_f000, 40);
    expect(secondsOf(readWave(bytes)!)).toBe(1);
    for (const wrong of [Buffer.alloc(0), Buffer.alloc(100), bytes.subarray(0, 30), Buffer.from('RIFF....WAVEnone')]) expect(readWave(wrong)).toBeUndefined();
  });

  it('is repeated as a whole until it lasts long enough, and never louder than its head-room', () => {
    const arranged = arrange([tone(7)], 21);
    expect(secondsOf(arranged)).toBeGreaterThanOrEqual(21);
    expect(secondsOf(arranged)).toBeLessThan(30);
    expect(arranged.samples.subarray(0, 50_000).reduce((most, sample) => Math.max(most, sample))).toBeLessThan(0.72 * 32_767);
    expect(secondsOf(arrange([tone(30)], 21))).toBeLessThan(33);
  });
});

describe('the voice', () => {
  it('makes a notice last as long as the rulebook wants', async () => {
    const spoken = await speakNotice(sampleNotice(), ['sr-Latn'], toneVoice, never);
    expect(spoken.kind === 'spoken' && spoken.seconds).toBeGreaterThanOrEqual(LEAST_SECONDS + 1);
  });

  it('says that its program is missing, and that it failed', async () => {
    const absent = systemVoice('no-such-program-here');
    const silent = systemVoice('true');
    expect(await absent('a', 'sr', never)).toEqual({ kind: 'missing' });
    expect(await silent('a', 'sr', never)).toEqual({ kind: 'failed' });
    expect(await firstVoice(absent, silent)('a', 'sr', never)).toEqual({ kind: 'failed' });
    expect(await firstVoice(absent)('a', 'sr', never)).toEqual({ kind: 'missing' });
    expect((await firstVoice(absent, toneVoice)('a', 'sr', never)).kind).toBe('spoken');
    expect(await speakNotice(sampleNotice(), ['sr-Latn'], absent, never)).toEqual({ kind: 'missing' });
  });

  it('ends when it is told to', async () => {
    expect(await systemVoice('cat')('a', 'sr', AbortSignal.abort())).toEqual({ kind: 'failed' });
  });

  it('speaks one notice once for many, and forgets what failed', async () => {
    let asked = 0;
    let well = false;
    const notices = new SpokenNotices(async (...given) => {
      asked += 1;
      return well ? toneVoice(...given) : { kind: 'failed' };
    });
    const notice = sampleNotice();
    expect((await notices.of(notice, ['sr-Latn'])).kind).toBe('failed');
    well = true;
    const all = await Promise.all([notices.of(notice, ['sr-Latn']), notices.of(notice, ['sr-Latn']), notices.of(notice, ['en'])]);
    expect(all.map(({ kind }) => kind)).toEqual(['spoken', 'spoken', 'spoken']);
    expect(asked).toBe(3);
  });

  // Whichever of the two is on this machine: both are optional, and a third check says what happens without.
  it.each([['the system\'s program', systemVoice()], ['the package', packagedVoice()]])('speaks Serbian with %s, where it is installed', async (_name, voice) => {
    const latin = await voice('Nestala devojčica, stara šest godina. Zovite jedan devet dva.', 'sr', never);
    if (latin.kind === 'missing') return;
    expect(latin.kind === 'spoken' && secondsOf(latin.wave)).toBeGreaterThan(2.5);
    const cyrillic = await voice('Нестала девојчица, стара шест година. Зовите један девет два.', 'sr', never);
    expect(cyrillic.kind === 'spoken' && latin.kind === 'spoken' && Math.abs(secondsOf(cyrillic.wave) - secondsOf(latin.wave))).toBeLessThan(0.2);
  });
});
