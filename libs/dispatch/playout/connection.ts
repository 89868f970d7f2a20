import { setMaxListeners } from 'node:events';
import { monotonicMs } from '#kernel/clock.js';
import type { AlertId } from '#kernel/ids.js';
import { causeOf } from '#kernel/log.js';
import { airedWord } from '../aired-word.js';
import type { Connection, Destination, Line, Message, Outcome, ProbeResult } from '../channel.js';
import { Turns } from '../turns.js';
import { ControlLine, PlayoutTrouble, reasonOf, StrangeAnswer, type ControlAddress } from './control-line.js';
import { isFolderTrouble, SharedFolder, type MediaFile } from './shared-folder.js';

/** What every destination has whose programme a playout interrupts. */
export interface PlayoutSettings extends ControlAddress {
  /** Where the files are written that the playout reads. */
  readonly folder: string;
  /** The playout is played by the house, and its time runs so many times as fast. */
  readonly simulated?: { readonly speed: number } | undefined;
}

/** What is to be aired of a message. */
export interface Show {
  readonly files: readonly MediaFile[];
  /** How long the whole of it lasts, in seconds. */
  readonly seconds: number;
  /** Without the spoken notice. */
  readonly silent: boolean;
}

/** What a playout took. */
export interface Airing {
  /** The playout's own number of it, where it gives one. */
  readonly rid?: string;
  /** Whether it was seen on the air, or has its turn to wait for. */
  readonly onAir: boolean;
}

/** What a channel adds: its words for each step of an airing. All of them may throw a `PlayoutTrouble` and a `StrangeAnswer`. */
export interface PlayoutProtocol<Talk> {
  /** Whether notices go on the air one after the other, rather than into a queue of the playout's own. An ending waits for nobody. */
  readonly oneAtATime: boolean;
  /** The last word of a conversation; none where the protocol has none. */
  readonly farewell?: string;
  /** How long an airing that lasts so many seconds is watched at the most, in milliseconds of our own time. */
  watchMs(seconds: number): number;
  /** The protocol's words over a line. */
  talk(line: ControlLine): Talk;
  /** Asks whether the playout is well; an outcome that says what it lacks, or nothing. */
  probe(talk: Talk): Promise<Outcome | undefined>;
  /** Makes what is to be aired, or says why there is nothing. */
  prepare(message: Message): Promise<Show | Outcome>;
  /** Before anything is written: what the playout has of the message already, why it cannot be taken now, or nothing. */
  approach(talk: Talk, message: Message, signal: AbortSignal): Promise<Airing | Outcome | undefined>;
  /** Puts on the air what was written, and reads back that it is there. */
  play(talk: Talk, message: Message, show: Show, signal: AbortSignal): Promise<Airing | Outcome>;
  /** Where an airing is now. */
  look(talk: Talk, message: Message, airing: Airing): Promise<'waiting' | 'on air' | 'over'>;
  /** Takes off the air what has the message's own key, or everything else of its alert. */
  silence(talk: Talk, message: Message, whose: 'own' | 'others'): Promise<void>;
}

/** Nobody can speak the notice. An ending that only stops something is done all the same. */
export const VOICE_MISSING: Outcome = { kind: 'refused', reason: 'voice_missing' };

/** How often an airing is looked at, in milliseconds of the playout's time. */
const LOOK_MS = 500;
const MOST_ENDED = 1_000;

/**
 * A connection to a playout that interrupts its programme: files into a folder that both share, commands over a control line,
 * and proof by looking until the airing is over, for how long it was seen. An ending takes the notice off the air at once,
 * waits for nobody, and is aired once; nothing older than it airs afterwards. Nothing of a case stays in the folder.
 */
export class PlayoutConnection<Talk> implements Connection {
  private readonly closing = new AbortController();
  /** Alerts that ended over this connection, and the revision that ended them: nothing older airs after it. */
  private readonly ended = new Map<AlertId, number>();
  private readonly watched = new Set<string>();
  /** Keys of messages that are being put on the air, and removals under way by key: what is to be aired again keeps its files. */
  private readonly putting = new Set<string>();
  private readonly removing = new Map<string, Promise<void>>();
  private readonly works = new Set<Promise<void>>();
  private readonly turns = new Turns();
  private readonly speed: number;
  private readonly folder: SharedFolder;

  constructor(private readonly destination: Destination<PlayoutSettings>, private readonly line: Line, private readonly protocol: PlayoutProtocol<Talk>) {
    setMaxListeners(0, this.closing.signal);
    this.speed = destination.settings.simulated?.speed ?? 1;
    this.folder = new SharedFolder(destination.settings.folder);
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.guarded(signal, async (both) => {
      if (!this.protocol.oneAtATime) return this.air(message, both);
      return (await this.turns.take(both, () => this.air(message, both))) ?? { kind: 'deferred', reason: reasonOf(both) };
    });
  }

  /** Takes the notice off the air at once, then airs its ending once. Waits for nobody's turn. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { alertId, revision } = message.notice;
    this.ended.set(alertId, revision);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= MOST_ENDED) break;
      this.ended.delete(oldest);
    }
    return this.guarded(signal, async (both) => {
      await this.converse(both, (talk) => this.protocol.silence(talk, message, 'others'));
      await this.folder.remove(alertId);
      const outcome = await this.air(message, both);
      // What had to stop has stopped. Without a voice there is nothing to say about it.
      return outcome === VOICE_MISSING ? { kind: 'accepted', references: [message.key], expectedReceipts: 0 } : outcome;
    });
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const outcome = await this.guarded(signal, async (both) => (await this.converse(both, (talk) => this.protocol.probe(talk))) ?? { kind: 'accepted', references: [], expectedReceipts: 0 });
    return 'reason' in outcome ? { well: false, reason: outcome.reason } : { well: true };
  }

  async close(): Promise<void> {
    this.closing.abort('closed');
    await Promise.all([...this.works]);
  }

  private async air(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { notice, key } = message;
    if (notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'mode of another place' };
    const show = await this.protocol.prepare(message);
    if ('kind' in show) return show;
    return this.converse(signal, async (talk) => {
      const found = await this.protocol.approach(talk, message, signal);
      if (found) return 'kind' in found ? found : this.taken(message, show, found);
      const played = await this.put(talk, message, show, signal);
      if (played === undefined) return this.forgotten(message);
      if (this.isOver(message)) {
        await this.protocol.silence(talk, message, 'own');
        return this.forgotten(message);
      }
      if (!('kind' in played)) return this.taken(message, show, played);
      if (played.kind === 'refused') await this.folder.remove(notice.alertId, key);
      return played;
    });
  }

  /** Nothing when the ending came before it was on the air. */
  private async put(talk: Talk, message: Message, show: Show, signal: AbortSignal): Promise<Airing | Outcome | undefined> {
    await this.removing.get(message.key);
    this.putting.add(message.key);
    try {
      for (const file of show.files) await this.folder.write(file);
      return this.isOver(message) ? undefined : await this.protocol.play(talk, message, show, signal);
    } finally {
      this.putting.delete(message.key);
    }
  }

  /** Takes the files of an airing away that is over, unless the same message is being put on again. */
  private async tidy({ notice, key }: Message): Promise<void> {
    if (this.putting.has(key)) return;
    const removal = this.folder.remove(notice.alertId, key);
    this.removing.set(key, removal.catch(() => undefined));
    try {
      await removal;
    } finally {
      this.removing.delete(key);
    }
  }

  /** Whether an ending came over this connection that the message is older than. */
  private isOver({ notice }: Message): boolean {
    return notice.revision < (this.ended.get(notice.alertId) ?? 0);
  }

  private async forgotten({ notice, key }: Message): Promise<Outcome> {
    await this.folder.remove(notice.alertId, key);
    return { kind: 'refused', reason: 'ended' };
  }

  private taken(message: Message, { seconds, silent }: Show, airing: Airing): Outcome {
    const { key } = message;
    if (!this.watched.has(key)) {
      this.watched.add(key);
      const work = this.watch(message, { seconds, silent }, airing)
        .catch((error: unknown) => {
          this.watched.delete(key);
          this.line.log.event('probe.failed', { destination: this.destination.id, reason: causeOf(error) }, 'warn');
        })
        .finally(() => this.works.delete(work));
      this.works.add(work);
    }
    return { kind: 'accepted', references: [key], expectedReceipts: 1 };
  }

  /** Sees an airing through and reports it: when it came on the air and for how long it was there. */
  private async watch(message: Message, show: Omit<Show, 'files'>, airing: Airing): Promise<void> {
    const { key } = message;
    const signal = this.closing.signal;
    const begin = (): { readonly at: Date; readonly from: number; to: number } => ({ at: this.line.clock.now(), from: monotonicMs(), to: monotonicMs() });
    let seen = airing.onAir ? begin() : undefined;
    const until = monotonicMs() + this.protocol.watchMs(show.seconds);
    for (let over = false; !over && !signal.aborted && monotonicMs() < until;) {
      try {
        const now = await this.converse(signal, (talk) => this.protocol.look(talk, message, airing));
        over = now === 'over';
        if (now === 'on air' && seen) seen.to = monotonicMs();
        else if (now === 'on air') seen = begin();
      } catch (error) {
        if (!(error instanceof PlayoutTrouble || error instanceof StrangeAnswer)) throw error;
      }
      if (!over) await pause(lookMs(this.destination.settings), signal);
    }
    if (signal.aborted) return;
    // Whoever airs it again from now on is watched anew.
    this.watched.delete(key);
    await this.tidy(message);
    if (!seen) return;
    // Seen from the first look to the last; what lies between two looks cannot be more than one of them.
    const seconds = Math.min(show.seconds, ((seen.to - seen.from) * this.speed + LOOK_MS) / 1_000);
    await this.line.receive({
      destination: this.destination.id, receiptKey: `${key}:aired:${airing.rid ?? seen.at.getTime()}`, about: { reference: key }, stage: 'confirmed',
      word: airedWord(seconds, show.silent), at: seen.at,
    });
  }

  private async converse<T>(signal: AbortSignal, work: (talk: Talk) => Promise<T>): Promise<T> {
    const line = await ControlLine.open(this.destination.settings, this.line.outgoing, signal);
    try {
      return await work(this.protocol.talk(line));
    } finally {
      line.close(this.protocol.farewell);
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
      if (error instanceof PlayoutTrouble) return { kind: error.left ? 'uncertain' : 'deferred', reason: error.reason };
      if (isFolderTrouble(error)) return { kind: 'deferred', reason: 'folder_not_writable' };
      throw error;
    }
  }
}

/** How often an airing is looked at, in milliseconds of our own time. */
export function lookMs({ simulated }: Pick<PlayoutSettings, 'simulated'>): number {
  return Math.max(10, LOOK_MS / (simulated?.speed ?? 1));
}

/** Waits; ends at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
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
