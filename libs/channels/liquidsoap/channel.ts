import { setMaxListeners } from 'node:events';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { monotonicMs } from '#kernel/clock.js';
import type { AlertId } from '#kernel/ids.js';
import { causeOf } from '#kernel/log.js';
import { houseVoice, SpokenNotices, type Voice } from '#alerts/voice.js';
import { airedWord } from '#dispatch/airing.js';
import type { Channel, Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { liquidsoapSettings, type LiquidsoapSettings } from './config.js';
import { fileName, preview, requestFor } from './encode.js';
import { NoSuchQueue, Playout, StrangeAnswer } from './playout.js';
import { Conversation, ServerTrouble } from './server.js';

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
    parts: () => 1,
    preview,
    exhibits: (_notice, { languages }) => [
      { name: 'voice.wav', mediaType: 'audio/wav', ...(languages.length === 1 && { language: languages[0]! }), make: ({ notice }) => spoken.bytesOf(notice, languages) },
    ],
    airing: () => 'triggered',
    open: (destination, line) => new RadioConnection(destination, line, spoken),
  };
}

/** Radio whose programme is interrupted by Liquidsoap: the spoken notice through a request queue in front of the programme. */
export const liquidsoap = createLiquidsoap(houseVoice);

/** How often a request is looked at while it is awaited and on air, in milliseconds of the station's time. */
const LOOK_MS = 500;
/** How long a request may wait for its turn before nobody watches it any more, in milliseconds; the airing clock asks again. */
const WATCH_MS = 15 * 60_000;
/** How long a new request may be prepared, in milliseconds. */
const PREPARE_MS = 3_000;
const MOST_ENDED = 1_000;

class RadioConnection implements Connection {
  private readonly closing = new AbortController();
  /** Alerts that ended over this connection, and the revision that ended them: nothing older airs after it. */
  private readonly ended = new Map<AlertId, number>();
  /** Keys that are being watched, and those whose airing was reported. */
  private readonly watched = new Set<string>();
  private readonly works = new Set<Promise<void>>();
  private readonly speed: number;
  private readonly folder: string;

  constructor(private readonly destination: Destination<LiquidsoapSettings>, private readonly line: Line, private readonly spoken: SpokenNotices) {
    setMaxListeners(0, this.closing.signal);
    this.speed = destination.settings.simulated?.speed ?? 1;
    this.folder = resolve(destination.settings.folder);
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.guarded(signal, (both) => this.air(message, both));
  }

  /** Takes the notice off air at once, then airs its ending once. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { alertId, revision } = message.notice;
    this.ended.set(alertId, revision);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= MOST_ENDED) break;
      this.ended.delete(oldest);
    }
    return this.guarded(signal, async (both) => {
      await this.converse(both, (playout) => this.silence(playout, alertId, message.key));
      await this.removeFiles(alertId);
      const outcome = await this.air(message, both);
      // What had to stop has stopped. Without a voice there is nothing to say about it.
      return outcome.kind === 'refused' && outcome.reason === 'voice_missing' ? { kind: 'accepted', references: [message.key], expectedReceipts: 0 } : outcome;
    });
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const outcome = await this.guarded(signal, async (both) => {
      await this.converse(both, (playout) => playout.waiting());
      return { kind: 'accepted', references: [], expectedReceipts: 0 };
    });
    return 'reason' in outcome ? { well: false, reason: outcome.reason } : { well: true };
  }

  async close(): Promise<void> {
    this.closing.abort('closed');
    await Promise.all([...this.works]);
  }

  private async air(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { settings, mode } = this.destination;
    const { notice, key } = message;
    if (notice.mode !== mode) return { kind: 'refused', reason: 'mode of another place' };
    const [fault] = preview(notice, settings).flatMap(({ faults }) => faults);
    if (fault) return { kind: 'refused', reason: fault.code };
    const voice = await this.spoken.of(notice, settings.languages);
    if (voice.kind === 'missing') return { kind: 'refused', reason: 'voice_missing' };
    if (voice.kind === 'failed') return { kind: 'deferred', reason: 'voice_failed' };
    return this.converse(signal, async (playout) => {
      const known = (await playout.all()).find((request) => request.key === key);
      // Asked once more: what was there a moment ago may be over, and then it was on air.
      if (known) await playout.request(known.rid);
      if (known) return this.taken(message, known.rid, voice.seconds);
      if ((await playout.waiting()).length >= settings.deepestQueue) return { kind: 'deferred', reason: 'queue_full' };
      await this.writeFile(fileName(notice.alertId, key), voice.bytes);
      if (this.isOver(message)) return this.forgotten(message);
      const rid = await playout.push(requestFor(message, settings));
      // The file name was looked at by nobody yet: only a request that is prepared will be heard.
      const deadline = monotonicMs() + PREPARE_MS;
      let request = await playout.request(rid);
      while (request && request.status !== 'ready' && request.status !== 'playing' && monotonicMs() < deadline) {
        await pause(20, signal);
        request = await playout.request(rid);
      }
      if (this.isOver(message)) {
        await this.silence(playout, notice.alertId);
        return this.forgotten(message);
      }
      if (request) return this.taken(message, rid, voice.seconds);
      await rm(join(this.folder, fileName(notice.alertId, key)), { force: true });
      return { kind: 'refused', reason: 'not_playable' };
    });
  }

  /** Whether an ending came over this connection that the message is older than. */
  private isOver({ notice }: Message): boolean {
    return notice.revision < (this.ended.get(notice.alertId) ?? 0);
  }

  private async forgotten({ notice, key }: Message): Promise<Outcome> {
    await rm(join(this.folder, fileName(notice.alertId, key)), { force: true });
    return { kind: 'refused', reason: 'ended' };
  }

  private taken(message: Message, rid: string, seconds: number): Outcome {
    const { key } = message;
    if (!this.watched.has(key)) {
      this.watched.add(key);
      const work = this.watch(message, rid, seconds)
        .catch((error: unknown) => this.line.log.event('probe.failed', { destination: this.destination.id, reason: causeOf(error) }, 'warn'))
        .finally(() => {
          this.works.delete(work);
          this.watched.delete(key);
        });
      this.works.add(work);
    }
    return { kind: 'accepted', references: [key], expectedReceipts: 1 };
  }

  /** Takes everything of an alert, but for `except`, off air and out of the queue. What else was waiting is put back. */
  private async silence(playout: Playout, alertId: AlertId, except?: string): Promise<void> {
    const all = await playout.all();
    if (!all.some((request) => request.alertId === alertId && request.key !== except)) return;
    const waiting = new Set(await playout.waiting());
    await playout.flush();
    for (const { rid, uri, alertId: of, key } of all) {
      const isOurs = of === alertId && key !== except;
      // Of the queue: what waits in it, and other notices of this house, of which one was on air.
      if (!isOurs && uri !== undefined && (waiting.has(rid) || of !== undefined)) await playout.push(uri);
    }
  }

  /** Sees a request through and reports it: when it went on air and for how long it was there. */
  private async watch({ key, notice }: Message, rid: string, wholeSeconds: number): Promise<void> {
    const signal = this.closing.signal;
    const until = monotonicMs() + WATCH_MS / this.speed;
    let onAir: { readonly at: Date; readonly from: number; to: number } | undefined;
    for (let over = false; !over && !signal.aborted && monotonicMs() < until;) {
      try {
        const request = await this.converse(signal, (playout) => playout.request(rid));
        over = request?.key !== key;
        if (!over && request?.status === 'playing') {
          if (onAir) onAir.to = monotonicMs();
          else onAir = { at: this.line.clock.now(), from: monotonicMs(), to: monotonicMs() };
        }
      } catch (error) {
        if (!(error instanceof ServerTrouble || error instanceof StrangeAnswer || error instanceof NoSuchQueue)) throw error;
      }
      if (!over) await pause(Math.max(10, LOOK_MS / this.speed), signal);
    }
    if (signal.aborted) return;
    await rm(join(this.folder, fileName(notice.alertId, key)), { force: true });
    if (!onAir) return;
    // Seen from the first look to the last; what lies between two looks cannot be more than one of them.
    const seconds = Math.min(wholeSeconds, ((onAir.to - onAir.from) * this.speed + LOOK_MS) / 1_000);
    await this.line.receive({ destination: this.destination.id, receiptKey: `${key}:aired:${rid}`, about: { reference: key }, stage: 'confirmed', word: airedWord(seconds, false), at: onAir.at });
  }

  private async writeFile(name: string, bytes: Buffer): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o750 });
    // Whole or not at all: the playout may look at any moment.
    await writeFile(join(this.folder, `.${name}`), bytes, { mode: 0o640 });
    await rename(join(this.folder, `.${name}`), join(this.folder, name));
  }

  /** The spoken notice holds a child's data: nothing of an ended alert stays in the folder. */
  private async removeFiles(alertId: AlertId): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    await Promise.all(names.filter((name) => name.replace(/^\./, '').startsWith(`${alertId}.`)).map((name) => rm(join(this.folder, name), { force: true })));
  }

  private async converse<T>(signal: AbortSignal, work: (playout: Playout) => Promise<T>): Promise<T> {
    const talk = await Conversation.open(this.destination.settings, signal);
    try {
      return await work(new Playout(talk, this.destination.settings.queue));
    } finally {
      talk.close();
    }
  }

  /** Turns every trouble with the station into an outcome. */
  private async guarded(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    if (this.closing.signal.aborted) return { kind: 'deferred', reason: 'closed' };
    try {
      return await work(AbortSignal.any([signal, this.closing.signal]));
    } catch (error) {
      if (error instanceof NoSuchQueue) return { kind: 'deferred', reason: 'no_such_queue' };
      if (error instanceof StrangeAnswer) return { kind: 'uncertain', reason: 'answer_invalid' };
      if (error instanceof ServerTrouble) return { kind: error.left ? 'uncertain' : 'deferred', reason: error.reason };
      const { code } = error as NodeJS.ErrnoException;
      if (code !== undefined && ['EACCES', 'ENOSPC', 'EROFS', 'ENOENT', 'ENOTDIR', 'EDQUOT'].includes(code)) return { kind: 'deferred', reason: 'folder_not_writable' };
      throw error;
    }
  }
}

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
