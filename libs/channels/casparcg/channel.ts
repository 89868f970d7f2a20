import { monotonicMs } from '#kernel/clock.js';
import { bytesOf, Cards } from '#alerts/pictures/cards.js';
import { crawlOf } from '#alerts/pictures/crawl.js';
import { warmLettering } from '#alerts/pictures/font.js';
import { houseVoice, SpokenNotices, type Voice } from '#alerts/voice.js';
import type { Channel, Destination, Message, Outcome } from '#dispatch/channel.js';
import { lookMs, pause, PlayoutConnection, type PlayoutProtocol, type Show } from '#dispatch/playout/connection.js';
import { folderOf } from '#dispatch/playout/shared-folder.js';
import { StrangeAnswer, type ControlLine } from '#dispatch/playout/control-line.js';
import { Amcp, foregroundOf } from './amcp.js';
import { casparcgSettings, type CasparcgSettings } from './config.js';
import { airCommands, clearCommands, mediaName, preview } from './encode.js';

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
    filesOf: folderOf,
    connectsTo: ({ host, port }) => [{ host, port }],
    parts: () => 1,
    preview,
    exhibits: (_notice, { language }) => [
      { name: `card-${language}.jpg`, mediaType: 'image/jpeg', language, make: async ({ notice, photo }) => bytesOf(await cards.of(notice, 'television', language, photo)) },
      { name: `voice-${language}.wav`, mediaType: 'audio/wav', language, make: ({ notice }) => spoken.bytesOf(notice, [language]) },
    ],
    airing: () => 'triggered',
    // The notice was taken off, our files are gone, and its ending was seen in its place.
    erasedWords: () => ['aired'],
    open: (destination, line) => {
      setImmediate(warmLettering);
      return new PlayoutConnection(destination, line, new Television(destination, spoken, cards));
    },
  };
}

/** Television whose programme is covered by CasparCG: the full-screen card, the spoken notice and a crawl. */
export const casparcg = createCasparcg(houseVoice);

/** How long a notice waits for another one's airing to end, in milliseconds, before it is asked for again later. */
const WAIT_MS = 8_000;

/** A card on a layer of its own in front of the programme. */
class Television implements PlayoutProtocol<Amcp> {
  /** One layer, one card at a time. */
  readonly oneAtATime = true;
  private readonly settings: CasparcgSettings;

  constructor({ settings }: Destination<CasparcgSettings>, private readonly spoken: SpokenNotices, private readonly cards: Cards) {
    this.settings = settings;
  }

  watchMs(seconds: number): number {
    return (2 * seconds * 1_000) / (this.settings.simulated?.speed ?? 1) + 10_000;
  }

  talk(line: ControlLine): Amcp {
    return new Amcp(line);
  }

  async probe(amcp: Amcp): Promise<Outcome | undefined> {
    return outcomeOfCode((await amcp.ask('VERSION', 'probe')).code);
  }

  async prepare(message: Message): Promise<Show | Outcome> {
    const { language, crawlTemplate, seconds } = this.settings;
    const { notice, photo } = message;
    const [voice, card] = await Promise.all([this.spoken.of(notice, [language]), this.cards.of(notice, 'television', language, photo)]);
    if ('fault' in card) return { kind: 'refused', reason: card.fault.code };
    // Without a voice the card and the crawl go on the air all the same; the receipt says that they were silent.
    const heard = voice.kind === 'spoken' ? voice : undefined;
    const crawlSeconds = crawlTemplate === undefined ? 0 : crawlOf(notice, [language]).seconds;
    const name = mediaName(message);
    return {
      files: [{ name: `${name}.jpg`, bytes: card.bytes }, ...(heard ? [{ name: `${name}-voice.wav`, bytes: heard.bytes }] : [])],
      seconds: Math.max(seconds, heard?.seconds ?? 0, crawlSeconds),
      silent: !heard,
    };
  }

  /** Waits until no other notice of this house is on the layer. An ending waits for none. */
  async approach(amcp: Amcp, { key, notice }: Message, signal: AbortSignal): Promise<Outcome | undefined> {
    if (notice.kind === 'found' || notice.kind === 'withdrawn') return undefined;
    const until = monotonicMs() + WAIT_MS;
    for (;;) {
      const front = await this.front(amcp, key);
      if (front === '' || front.includes(key) || front.includes(notice.alertId)) return undefined;
      if (monotonicMs() > until) return { kind: 'deferred', reason: 'layer_busy', retryAfterMs: 1_000 * this.settings.seconds };
      await pause(lookMs(this.settings), signal);
    }
  }

  async play(amcp: Amcp, message: Message, { seconds, silent }: Show): Promise<{ onAir: true } | Outcome> {
    const { key } = message;
    const [play, ...rest] = airCommands(message, seconds, !silent, this.settings);
    const refused = outcomeOfCode((await amcp.ask(play!, key)).code);
    if (refused) return refused;
    for (const command of rest) {
      const trouble = outcomeOfCode((await amcp.ask(command, key)).code);
      // The card is on the air; that something beside it failed makes it uncertain, and the whole is put on again.
      if (trouble && 'reason' in trouble) return { kind: 'uncertain', reason: `beside_card_${trouble.reason}` };
    }
    // "PLAY OK" says that a command was understood; what is on the air is read back.
    return (await this.front(amcp, key)).includes(key) ? { onAir: true } : { kind: 'uncertain', reason: 'not_on_air' };
  }

  async look(amcp: Amcp, { key }: Message): Promise<'on air' | 'over'> {
    return (await this.front(amcp, key)).includes(key) ? 'on air' : 'over';
  }

  async silence(amcp: Amcp, { notice, key }: Message, whose: 'own' | 'others'): Promise<void> {
    const front = await this.front(amcp, key);
    if (!front.includes(notice.alertId) || front.includes(key) !== (whose === 'own')) return;
    for (const command of clearCommands(this.settings)) {
      const { code } = await amcp.ask(command, key);
      if (code >= 300) throw new StrangeAnswer();
    }
  }

  /** What is on our layer in front, in lower case, if it is ours; empty otherwise. Playouts write names as they like. */
  private async front(amcp: Amcp, name: string): Promise<string> {
    const { videoChannel, layer } = this.settings;
    const { code, data } = await amcp.ask(`INFO ${videoChannel}-${layer}`, name);
    if (code !== 200 && code !== 201) throw new StrangeAnswer();
    const front = foregroundOf(data, layer).toLowerCase();
    return /[0-9a-f]{8}-[0-9a-f-]{27}-[0-9a-f]{16,}/.test(front) ? front : '';
  }
}

/** 404: no such file; other 4xx: our command is wrong. 503: somebody has locked the channel; other 5xx: the server failed. */
function outcomeOfCode(code: number): Outcome | undefined {
  if (code >= 200 && code < 300) return undefined;
  if (code >= 400 && code < 500) return { kind: 'refused', reason: `amcp_${code}` };
  return code >= 500 ? { kind: 'deferred', reason: `amcp_${code}` } : { kind: 'uncertain', reason: 'answer_invalid' };
}
