import { monotonicMs } from '#kernel/clock.js';
import { houseVoice, SpokenNotices, type Voice } from '#alerts/voice.js';
import type { Channel, Destination, Message, Outcome } from '#dispatch/channel.js';
import { pause, PlayoutConnection, VOICE_MISSING, type Airing, type PlayoutProtocol, type Show } from '#dispatch/playout/connection.js';
import { folderOf } from '#dispatch/playout/shared-folder.js';
import type { ControlLine } from '#dispatch/playout/control-line.js';
import { liquidsoapSettings, type LiquidsoapSettings } from './config.js';
import { fileName, preview, requestFor } from './encode.js';
import { Playout, type PlayoutRequest } from './playout.js';

/** The channel with a voice of its own; `liquidsoap` is the one of the house. */
export function createLiquidsoap(voice: Voice): Channel<LiquidsoapSettings> {
  const spoken = new SpokenNotices(voice);
  return {
    kind: 'liquidsoap',
    settings: liquidsoapSettings,
    // Before it pushes, it looks whether the playout has the key already; a notice on air is longer than a retry waits.
    resend: () => 'safe',
    // A request in the queue knows no time, and every end of an alert is to be heard.
    lapses: false,
    filesOf: folderOf,
    connectsTo: ({ host, port }) => [{ host, port }],
    parts: () => 1,
    preview,
    exhibits: (_notice, { languages }) => [
      { name: 'voice.wav', mediaType: 'audio/wav', ...(languages.length === 1 && { language: languages[0]! }), make: ({ notice }) => spoken.bytesOf(notice, languages) },
    ],
    airing: () => 'triggered',
    // The notice was taken off the queue, our files are gone, and its ending was seen in its place.
    erasedWords: () => ['aired'],
    open: (destination, line) => new PlayoutConnection(destination, line, new Radio(destination, spoken)),
  };
}

/** Radio whose programme is interrupted by Liquidsoap: the spoken notice through a request queue in front of the programme. */
export const liquidsoap = createLiquidsoap(houseVoice);

/** How long a request may wait for its turn before nobody watches it any more, in milliseconds; the airing clock asks again. */
const WATCH_MS = 15 * 60_000;
/** How long a new request may be prepared, in milliseconds. */
const PREPARE_MS = 3_000;

/** A request queue in front of the programme. */
class Radio implements PlayoutProtocol<Playout> {
  /** The queue lets one after the other on the air. */
  readonly oneAtATime = false;
  readonly farewell = 'quit\n';
  private readonly settings: LiquidsoapSettings;

  constructor({ settings }: Destination<LiquidsoapSettings>, private readonly spoken: SpokenNotices) {
    this.settings = settings;
  }

  watchMs(): number {
    return WATCH_MS / (this.settings.simulated?.speed ?? 1);
  }

  talk(line: ControlLine): Playout {
    return new Playout(line, this.settings.queue);
  }

  async probe(playout: Playout): Promise<undefined> {
    await playout.waiting();
  }

  async prepare({ notice, key }: Message): Promise<Show | Outcome> {
    const [fault] = preview(notice, this.settings).flatMap(({ faults }) => faults);
    if (fault) return { kind: 'refused', reason: fault.code };
    const voice = await this.spoken.of(notice, this.settings.languages);
    if (voice.kind === 'missing') return VOICE_MISSING;
    if (voice.kind === 'failed') return { kind: 'deferred', reason: 'voice_failed' };
    return { files: [{ name: fileName(notice.alertId, key), bytes: voice.bytes }], seconds: voice.seconds, silent: false };
  }

  async approach(playout: Playout, { key }: Message): Promise<Airing | Outcome | undefined> {
    const known = (await playout.all()).find((request) => request.key === key);
    if (known) {
      // Asked once more: what was there a moment ago may be over, and then it was on air.
      await playout.request(known.rid);
      return { rid: known.rid, onAir: false };
    }
    return (await playout.waiting()).length >= this.settings.deepestQueue ? { kind: 'deferred', reason: 'queue_full' } : undefined;
  }

  async play(playout: Playout, message: Message, _show: Show, signal: AbortSignal): Promise<Airing | Outcome> {
    const rid = await playout.push(requestFor(message, this.settings));
    // The file name was looked at by nobody yet: only a request that is prepared will be heard.
    const deadline = monotonicMs() + PREPARE_MS;
    let request = await playout.request(rid);
    while (request && request.status !== 'ready' && request.status !== 'playing' && monotonicMs() < deadline) {
      await pause(20, signal);
      request = await playout.request(rid);
    }
    return request ? { rid, onAir: false } : { kind: 'refused', reason: 'not_playable' };
  }

  async look(playout: Playout, { key }: Message, { rid }: Airing): Promise<'waiting' | 'on air' | 'over'> {
    const request = rid === undefined ? undefined : await playout.request(rid);
    if (request?.key !== key) return 'over';
    return request.status === 'playing' ? 'on air' : 'waiting';
  }

  /** Empties the queue, and puts back what else was waiting. */
  async silence(playout: Playout, { notice: { alertId }, key }: Message, whose: 'own' | 'others'): Promise<void> {
    const all = await playout.all();
    const isMeant = (request: PlayoutRequest): boolean => request.alertId === alertId && (request.key === key) === (whose === 'own');
    if (!all.some(isMeant)) return;
    const waiting = new Set(await playout.waiting());
    await playout.flush();
    for (const request of all) {
      const { rid, uri, alertId: of } = request;
      // Of the queue: what waits in it, and other notices of this house, of which one was on air.
      if (!isMeant(request) && uri !== undefined && (waiting.has(rid) || of !== undefined)) await playout.push(uri);
    }
  }
}
