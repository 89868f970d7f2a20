/** Sound in one channel of 16-bit samples. */
export interface Wave {
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

export const secondsOf = ({ samples, sampleRate }: Wave): number => samples.length / sampleRate;

const HEADER_BYTES = 44;

/**
 * Reads a WAVE file (RIFF, PCM, 16 bits, one channel); undefined when it is none. A program that writes to a pipe does not
 * know the length beforehand, so what is there counts and not what the header announces.
 */
export function readWave(bytes: Buffer): Wave | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') return undefined;
  let sampleRate = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (name === 'fmt ' && start + 16 <= bytes.length) {
      const isPlain = bytes.readUInt16LE(start) === 1 && bytes.readUInt16LE(start + 2) === 1 && bytes.readUInt16LE(start + 14) === 16;
      if (!isPlain) return undefined;
      sampleRate = bytes.readUInt32LE(start + 4);
    } else if (name === 'data') {
      const octets = Math.min(size, bytes.length - start) & ~1;
      if (sampleRate < 8_000 || octets === 0) return undefined;
      // Little-endian, as every machine is that Node runs on.
      return { sampleRate, samples: new Int16Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + octets)) };
    }
    at = start + size + (size & 1);
  }
  return undefined;
}

/** Writes a WAVE file. */
export function writeWave({ sampleRate, samples }: Wave): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + 2 * samples.length);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(2 * sampleRate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * samples.length, 40);
  bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), HEADER_BYTES);
  return bytes;
}

/** Loudest sample of what goes on air, as a part of full scale: head-room for the station's own processing (-3 dB). */
const PEAK = 0.7;
/** Silence between two rounds, in seconds: the listener hears that it begins anew. */
const PAUSE_SECONDS = 1.2;
/** The two notes of the opening sign, in hertz, and how long each sounds, in seconds. A fourth upwards: calm, and no siren. */
const CHIME = [523.25, 698.46] as const;
const NOTE_SECONDS = 0.45;

/**
 * What goes on air: an opening sign, then the rounds of speech in turn, all of them again until it lasts `atLeastSeconds`,
 * each with a pause behind it. Throws a TypeError when there is no round or the rates differ.
 */
export function arrange(rounds: readonly Wave[], atLeastSeconds: number): Wave {
  const [first] = rounds;
  if (!first || rounds.some(({ sampleRate }) => sampleRate !== first.sampleRate)) throw new TypeError('rounds of one sample rate are needed');
  const { sampleRate } = first;
  const pause = new Int16Array(Math.round(PAUSE_SECONDS * sampleRate));
  const parts: Int16Array[] = [chime(sampleRate), new Int16Array(Math.round(0.3 * sampleRate))];
  const length = (): number => parts.reduce((sum, part) => sum + part.length, 0);
  do {
    for (const { samples } of rounds) parts.push(levelled(samples), pause);
  } while (length() < atLeastSeconds * sampleRate);
  const samples = new Int16Array(length());
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return { sampleRate, samples };
}

function chime(sampleRate: number): Int16Array {
  const each = Math.round(NOTE_SECONDS * sampleRate);
  const samples = new Int16Array(CHIME.length * each);
  for (let i = 0; i < samples.length; i += 1) {
    const t = (i % each) / sampleRate;
    const swell = Math.min(1, t / 0.01) * Math.exp(-4 * t) * Math.min(1, (NOTE_SECONDS - t) / 0.05);
    samples[i] = Math.round(0.5 * PEAK * 32_767 * swell * Math.sin(2 * Math.PI * CHIME[Math.floor(i / each)]! * t));
  }
  return samples;
}

function levelled(samples: Int16Array): Int16Array {
  let loudest = 1;
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i]!;
    if (sample > loudest) loudest = sample;
    else if (-sample > loudest) loudest = -sample;
  }
  const gain = (PEAK * 32_767) / loudest;
  const level = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) level[i] = samples[i]! * gain;
  return level;
}
