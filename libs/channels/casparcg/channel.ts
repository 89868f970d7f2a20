import { setMaxListeners } from 'node:events';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { monotonicMs } from '#kernel/clock.js';
import type { AlertId } from '#kernel/ids.js';
import { causeOf } from '#kernel/log.js';
import { bytesOf, Cards } from '#alerts/pictures/cards.js';
import { crawlOf } from '#alerts/pictures/crawl.js';
import { warmLettering } from '#alerts/pictures/font.js';
import { houseVoice, SpokenNotices, type Voice } from '#alerts/voice.js';
import { airedWord } from '#dispatch/airing.js';
import type { Channel, Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { casparcgSettings, type CasparcgSettings } from './config.js';
import { airCommands, clearCommands, mediaName, preview } from './encode.js';
import { Conversation, ServerTrouble, StrangeAnswer } from './server.js';

/** The channel with a voice of its own; `casparcg` is the one of the house. */
export function createCasparcg(voice: Voice): Channel<CasparcgSettings> {
  const spoken = new SpokenNotices(voice);
  const cards = new Cards();
  return {
    kind: 'casparcg',
    settings: casparcgSettings,
    // The same card on the same layer: a repetition puts itself in its own place.
    resend: () => 'safe',
    // A card goes off by itself, but every end of an alert is to be seen.
    lapses: false,
    parts: () => 1,
    preview,
    exhibits: (_notice, { language }) => [
      { name: `card-${language}.jpg`, mediaType: 'image/jpeg', language, make: async ({ notice, photo }) => bytesOf(await cards.of(notice, 'television', language, photo)) },
      { name: `voice-${language}.wav`, mediaType: 'audio/wav', language, make: ({ notice }) => spoken.bytesOf(notice, [language]) },
    ],
    airing: () => 'triggered',
    open: (destination, line) => {
      setImmediate(warmLettering);
      return new TelevisionConnection(destination, line, spoken, cards);
    },
  };
}

/** Television whose programme is covered by CasparCG: the full-screen card, the spoken notice and a crawl. */
export const casparcg = createCasparcg(houseVoice);

/** How often the layer is looked at, in milliseconds of the playout's time. */
const LOOK_MS = 500;
/** How long a notice waits for another one's airing to end, in milliseconds, before it is asked for again later. */
const WAIT_MS = 8_000;
const MOST_ENDED = 1_000;

type Airing = { readonly seconds: number; readonly silent: boolean };

class TelevisionConnection implements Connection {
  private readonly closing = new AbortController();
  /** Alerts that ended over this connection, and the revision that ended them: nothing older airs after it. */
  private readonly ended = new Map<AlertId, number>();
  private readonly watched = new Set<string>();
  private readonly works = new Set<Promise<void>>();
  /** One layer, one card at a time: the turn of whoever puts one on. */
  private turn: Promise<unknown> = Promise.resolve();
  private readonly speed: number;
  private readonly folder: string;

  constructor(private readonly destination: Destination<CasparcgSettings>, private readonly line: Line, private readonly spoken: SpokenNotices, private readonly cards: Cards) {
    setMaxListeners(0, this.closing.signal);
    this.speed = destination.settings.simulated?.speed ?? 1;
    this.folder = resolve(destination.settings.folder);
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.guarded(signal, (both) => this.inTurn(both, () => this.air(message, both, true)));
  }

  /** Clears the card at once if it is on the air, then airs the ending once. Waits for nobody's turn. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { alertId, revision } = message.notice;
    this.ended.set(alertId, revision);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= MOST_ENDED) break;
      this.ended.delete(oldest);
    }
    return this.guarded(signal, async (both) => {
      await this.converse(both, (talk) => this.clear(talk, message));
      await this.removeFiles(alertId);
      return this.air(message, both, false);
    });
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const outcome = await this.guarded(signal, async (both) => this.converse(both, async (talk): Promise<Outcome> => {
      const { code } = await talk.ask('VERSION', 'probe');
      return outcomeOfCode(code) ?? { kind: 'accepted', references: [], expectedReceipts: 0 };
    }));
    return 'reason' in outcome ? { well: false, reason: outcome.reason } : { well: true };
  }

  async close(): Promise<void> {
    this.closing.abort('closed');
    await Promise.all([...this.works]);
  }

  /** Runs one after the other, but ends when its own signal does. */
  private inTurn(signal: AbortSignal, work: () => Promise<Outcome>): Promise<Outcome> {
    const before = this.turn;
    const mine = Promise.race([before.catch(() => undefined), aborted(signal)]).then(() => {
      if (signal.aborted) throw new ServerTrouble(typeof signal.reason === 'string' ? signal.reason : 'aborted', false);
      return work();
    });
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async air(message: Message, signal: AbortSignal, waits: boolean): Promise<Outcome> {
    const { settings, mode } = this.destination;
    const { notice, key, photo } = message;
    if (notice.mode !== mode) return { kind: 'refused', reason: 'mode of another place' };
    const [voice, card] = await Promise.all([this.spoken.of(notice, [settings.language]), this.cards.of(notice, 'television', settings.language, photo)]);
    if ('fault' in card) return { kind: 'refused', reason: card.fault.code };
    // Without a voice the card and the crawl go on the air all the same; the receipt says that they were silent.
    const silent = voice.kind !== 'spoken';
    const crawlSeconds = settings.crawlTemplate === undefined ? 0 : crawlOf(notice, [settings.language]).seconds;
    const seconds = Math.max(settings.seconds, silent ? 0 : voice.seconds, crawlSeconds);
    return this.converse(signal, async (talk) => {
      if (waits && !(await this.free(talk, message, signal))) return { kind: 'deferred', reason: 'layer_busy', retryAfterMs: 1_000 * settings.seconds };
      await this.writeFile(`${mediaName(message)}.jpg`, card.bytes);
      if (voice.kind === 'spoken') await this.writeFile(`${mediaName(message)}-voice.wav`, voice.bytes);
      if (this.isOver(message)) return this.forgotten(message);
      const [play, ...rest] = airCommands(message, seconds, !silent, settings);
      const refused = outcomeOfCode((await talk.ask(play!, key)).code);
      if (refused) return refused;
      for (const command of rest) {
        const trouble = outcomeOfCode((await talk.ask(command, key)).code);
        // The card is on the air; that something beside it failed makes it uncertain, and the whole is put on again.
        if (trouble && 'reason' in trouble) return { kind: 'uncertain', reason: `beside_card_${trouble.reason}` };
      }
      if (this.isOver(message)) {
        await this.clear(talk, message);
        return this.forgotten(message);
      }
      // "PLAY OK" says that a command was understood; what is on the air is read back.
      if (!(await this.onAir(talk, key)).includes(key)) return { kind: 'uncertain', reason: 'not_on_air' };
      return this.taken(message, { seconds, silent });
    });
  }

  /** Waits until no other notice of this house is on the layer; false when it takes too long. */
  private async free(talk: Conversation, { key, notice }: Message, signal: AbortSignal): Promise<boolean> {
    const until = monotonicMs() + WAIT_MS;
    for (;;) {
      const names = await this.onAir(talk, key);
      if (names === '' || names.includes(key) || names.includes(notice.alertId)) return true;
      if (monotonicMs() > until) return false;
      await pause(Math.max(10, LOOK_MS / this.speed), signal);
    }
  }

  /** What is on our layer in front, in lower case, if it is ours; empty otherwise. Playouts write names as they like. */
  private async onAir(talk: Conversation, name: string): Promise<string> {
    const { videoChannel, layer } = this.destination.settings;
    const { code, data } = await talk.ask(`INFO ${videoChannel}-${layer}`, name);
    if (code !== 200 && code !== 201) throw new StrangeAnswer();
    const front = /<foreground>([\s\S]*?)<\/foreground>/i.exec(data)?.[1]?.toLowerCase() ?? '';
    return /[0-9a-f]{8}-[0-9a-f-]{27}-[0-9a-f]{16,}/.test(front) ? front : '';
  }

  private async clear(talk: Conversation, { notice, key }: Message): Promise<void> {
    const front = await this.onAir(talk, key);
    if (!front.includes(notice.alertId) || front.includes(key)) return;
    for (const command of clearCommands(this.destination.settings)) {
      const { code } = await talk.ask(command, key);
      if (code >= 300) throw new StrangeAnswer();
    }
  }

  /** Whether an ending came over this connection that the message is older than. */
  private isOver({ notice }: Message): boolean {
    return notice.revision < (this.ended.get(notice.alertId) ?? 0);
  }

  private async forgotten(message: Message): Promise<Outcome> {
    await this.removeFiles(message.notice.alertId, message.key);
    return { kind: 'refused', reason: 'ended' };
  }

  private taken(message: Message, airing: Airing): Outcome {
    const { key } = message;
    if (!this.watched.has(key)) {
      this.watched.add(key);
      const work = this.watch(message, airing)
        .catch((error: unknown) => this.line.log.event('probe.failed', { destination: this.destination.id, reason: causeOf(error) }, 'warn'))
        .finally(() => {
          this.works.delete(work);
          this.watched.delete(key);
        });
      this.works.add(work);
    }
    return { kind: 'accepted', references: [key], expectedReceipts: 1 };
  }

  /** Sees a card through and reports it: when it came on the air and for how long it was there. */
  private async watch({ key, notice }: Message, { seconds: whole, silent }: Airing): Promise<void> {
    const signal = this.closing.signal;
    const at = this.line.clock.now();
    const from = monotonicMs();
    let to = from;
    const until = from + (2 * whole * 1_000) / this.speed + 10_000;
    for (let over = false; !over && !signal.aborted && monotonicMs() < until;) {
      await pause(Math.max(10, LOOK_MS / this.speed), signal);
      try {
        over = !(await this.converse(signal, (talk) => this.onAir(talk, key))).includes(key);
        if (!over) to = monotonicMs();
      } catch (error) {
        if (!(error instanceof ServerTrouble || error instanceof StrangeAnswer)) throw error;
      }
    }
    if (signal.aborted) return;
    await this.removeFiles(notice.alertId, key);
    // Seen from the first look to the last; what lies between two looks cannot be more than one of them.
    const seconds = Math.min(whole, ((to - from) * this.speed + LOOK_MS) / 1_000);
    await this.line.receive({ destination: this.destination.id, receiptKey: `${key}:aired:${at.getTime()}`, about: { reference: key }, stage: 'confirmed', word: airedWord(seconds, silent), at });
  }

  private async writeFile(name: string, bytes: Buffer): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o750 });
    // Whole or not at all: the playout may look at any moment.
    await writeFile(join(this.folder, `.${name}`), bytes, { mode: 0o640 });
    await rename(join(this.folder, `.${name}`), join(this.folder, name));
  }

  /** Card and voice hold a child's data: nothing stays in the folder when they were on the air, or when the alert has ended. */
  private async removeFiles(alertId: AlertId, key = ''): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    await Promise.all(names.filter((name) => name.replace(/^\./, '').startsWith(`${alertId}-${key}`)).map((name) => rm(join(this.folder, name), { force: true })));
  }

  private async converse<T>(signal: AbortSignal, work: (talk: Conversation) => Promise<T>): Promise<T> {
    const talk = await Conversation.open(this.destination.settings, signal);
    try {
      return await work(talk);
    } finally {
      talk.close();
    }
  }

  /** Turns every trouble with the playout into an outcome. */
  private async guarded(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    if (this.closing.signal.aborted) return { kind: 'deferred', reason: 'closed' };
    try {
      return await work(AbortSignal.any([signal, this.closing.signal]));
    } catch (error) {
      if (error instanceof StrangeAnswer) return { kind: 'uncertain', reason: 'answer_invalid' };
      if (error instanceof ServerTrouble) return { kind: error.left ? 'uncertain' : 'deferred', reason: error.reason };
      const { code } = error as NodeJS.ErrnoException;
      if (code !== undefined && ['EACCES', 'ENOSPC', 'EROFS', 'ENOENT', 'ENOTDIR', 'EDQUOT'].includes(code)) return { kind: 'deferred', reason: 'folder_not_writable' };
      throw error;
    }
  }
}

/** 404: no such file; other 4xx: our command is wrong. 503: somebody has locked the channel; other 5xx: the server failed. */
function outcomeOfCode(code: number): Outcome | undefined {
  if (code >= 200 && code < 300) return undefined;
  if (code >= 400 && code < 500) return { kind: 'refused', reason: `amcp_${code}` };
  return code >= 500 ? { kind: 'deferred', reason: `amcp_${code}` } : { kind: 'uncertain', reason: 'answer_invalid' };
}

const aborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
});

/** Waits; ends at once when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
