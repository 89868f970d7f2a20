import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { sha256Hex } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import type { Language } from './content.js';
import type { Notice } from './notice.js';
import { LEAST_SECONDS, spokenText } from './speech.js';
import { arrange, readWave, secondsOf, writeWave, type Wave } from './wave.js';

/** What is made: the rule and a second more, for what a station's cross-fade takes off. */
const MADE_SECONDS = LEAST_SECONDS + 1;
/** Words a minute: somewhat slower than speech, so that a plate can be written down. */
const RATE = '145';
/** The longest that one synthesis may take, in milliseconds, starting the program included. */
const PATIENCE_MS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** What a voice program made of a text: sound; or there is no such program; or it failed. */
export type Spoken = { readonly kind: 'spoken'; readonly wave: Wave } | { readonly kind: 'missing' } | { readonly kind: 'failed' };

/** A program that speaks, in a process of its own. Never throws for what the program does. */
export type Voice = (text: string, voice: 'sr' | 'en', signal: AbortSignal) => Promise<Spoken>;

/** A spoken notice ready to go on air, or why there is none. */
export type SpokenNotice = { readonly kind: 'spoken'; readonly bytes: Buffer; readonly seconds: number } | Exclude<Spoken, { kind: 'spoken' }>;

/** Programs find their own libraries; nothing else of our environment is their business. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };

/** The system's own `espeak-ng`. The text goes in by standard input: command lines can be read by everyone on the machine. */
export const systemVoice = (program = 'espeak-ng'): Voice => (text, voice, signal) => run(program, ['-v', voice, '-s', RATE, '-b', '1', '--stdin', '--stdout'], text, signal);

/**
 * eSpeak NG as an npm package, if it is installed. It is GPL-3 and an optional dependency: this program is started by
 * itself, is given text and gives back sound, and nothing of it is linked into the house (docs/adr/0009).
 */
const PACKAGE = '@echogarden/espeak-ng-emscripten';
const PROGRAM = `
const [address, voice, rate] = process.argv.slice(1);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { default: start } = await import(address);
const speaker = await new (await start()).eSpeakNGWorker();
speaker.set_voice(voice);
speaker.set_rate(Number(rate));
const sound = [];
speaker.synthesize(Buffer.concat(chunks).toString('utf8'), (audio) => { if (audio) sound.push(Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength)); return false; });
const data = Buffer.concat(sound);
const header = Buffer.alloc(44);
header.write('RIFF', 0); header.writeUInt32LE(36 + data.length, 4); header.write('WAVEfmt ', 8); header.writeUInt32LE(16, 16);
header.writeUInt16LE(1, 20); header.writeUInt16LE(1, 22); header.writeUInt32LE(speaker.get_samplerate(), 24); header.writeUInt32LE(2 * speaker.get_samplerate(), 28);
header.writeUInt16LE(2, 32); header.writeUInt16LE(16, 34); header.write('data', 36); header.writeUInt32LE(data.length, 40);
process.stdout.write(Buffer.concat([header, data]), () => process.exit(0));
`;

export const packagedVoice = (): Voice => async (text, voice, signal) => {
  let address: string;
  try {
    address = pathToFileURL(createRequire(import.meta.url).resolve(PACKAGE)).href;
  } catch {
    return { kind: 'missing' };
  }
  return run(process.execPath, ['--input-type=module', '-e', PROGRAM, address, voice, RATE], text, signal);
};

/** Asks one voice after the other until one speaks. Missing when none is there; failed when one is, and failed. */
export const firstVoice = (...voices: readonly Voice[]): Voice => async (text, voice, signal) => {
  let result: Spoken = { kind: 'missing' };
  for (const speak of voices) {
    const spoken = await speak(text, voice, signal);
    if (spoken.kind === 'spoken') return spoken;
    if (spoken.kind === 'failed') result = spoken;
  }
  return result;
};

/** The voice of the house: the system's program, else the packaged one. */
export const houseVoice: Voice = firstVoice(systemVoice(), packagedVoice());

/**
 * Speaks a notice in the languages given, one after the other, repeated to the rule's length (`LEAST_SECONDS`). `bytes` is
 * a WAVE file.
 */
export async function speakNotice(notice: Notice, languages: readonly Language[], speak: Voice, signal: AbortSignal): Promise<SpokenNotice> {
  // Whatever else goes out at this moment goes first.
  await new Promise((resolve) => setImmediate(resolve));
  const rounds: Wave[] = [];
  for (const language of languages) {
    const spoken = await speak(spokenText(notice, language), language === 'en' ? 'en' : 'sr', signal);
    if (spoken.kind !== 'spoken') return spoken;
    rounds.push(spoken.wave);
  }
  const wave = arrange(rounds, MADE_SECONDS);
  return { kind: 'spoken', bytes: writeWave(wave), seconds: secondsOf(wave) };
}

/**
 * Spoken notices of the last minute, so that a hundred stations of one notice are one synthesis. Small and short-lived,
 * because it holds a child's data; what failed is not kept.
 */
export class SpokenNotices {
  private readonly entries = new Map<string, { readonly made: Promise<SpokenNotice>; readonly end: NodeJS.Timeout }>();

  constructor(private readonly voice: Voice = houseVoice, private readonly limit = 8, private readonly keepMs = 60_000) {}

  /** As `speakNotice`; always ends within seconds, whatever the voice does. */
  of(notice: Notice & { readonly contentHash: string }, languages: readonly Language[]): Promise<SpokenNotice> {
    const name = sha256Hex(`${notice.contentHash} ${languages.join(' ')}`);
    const held = this.entries.get(name);
    if (held) return held.made;
    const made = speakNotice(notice, languages, this.voice, AbortSignal.timeout(PATIENCE_MS));
    for (const oldest of this.entries.keys()) {
      if (this.entries.size < this.limit) break;
      this.drop(oldest);
    }
    this.entries.set(name, { made, end: setTimeout(() => this.drop(name), this.keepMs).unref() });
    void made.then(({ kind }) => kind !== 'spoken' && this.drop(name), () => this.drop(name));
    return made;
  }

  /** The WAVE file of it, as it goes on air. Refuses with PREVIEW_MISSING where no voice program is there, or it failed. */
  async bytesOf(notice: Notice & { readonly contentHash: string }, languages: readonly Language[]): Promise<Buffer> {
    const spoken = await this.of(notice, languages);
    if (spoken.kind !== 'spoken') throw fail('PREVIEW_MISSING', 'voice', spoken.kind === 'missing' ? 'No voice program is installed.' : 'The voice program failed.');
    return spoken.bytes;
  }

  private drop(name: string): void {
    clearTimeout(this.entries.get(name)?.end);
    this.entries.delete(name);
  }
}

function run(program: string, args: readonly string[], text: string, signal: AbortSignal): Promise<Spoken> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: ENVIRONMENT, signal, killSignal: 'SIGKILL', stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let octets = 0;
    child.on('error', (error: NodeJS.ErrnoException) => resolve({ kind: error.code === 'ENOENT' ? 'missing' : 'failed' }));
    child.stdout.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets > MOST_BYTES) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.on('close', (code) => {
      const wave = code === 0 ? readWave(Buffer.concat(chunks)) : undefined;
      resolve(wave ? { kind: 'spoken', wave } : { kind: 'failed' });
    });
    // A program that goes away before it has read everything says so by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(text, 'utf8');
  });
}
