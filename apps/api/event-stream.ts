import type { Writable } from 'node:stream';
import { monotonicMs } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { Log } from '#kernel/log.js';

/** An event as it is sent: built once, written to every reader. */
export interface StreamEvent {
  readonly seq: number;
  readonly bytes: Buffer;
}

/** A part of what was before: the events in it, and the place up to which it goes. */
export interface History {
  readonly events: readonly StreamEvent[];
  readonly upTo: number;
}

/** What a stream stands on. */
export interface StreamInput {
  /** For the log. */
  readonly name: string;
  /** The place up to which everything has been handed to `send`. */
  readonly position: () => number;
  /** What came after a place; the same place again when nothing did. */
  readonly history: (after: number) => Promise<History>;
  readonly log: Log;
  readonly limits?: Partial<StreamLimits>;
}

export interface StreamLimits {
  /** Readers at once. */
  readonly readers: number;
  /** Octets that may wait for one reader; who lets more wait is dropped. */
  readonly waitingBytes: number;
  /** How long a reader that is catching up may keep octets waiting, in milliseconds. */
  readonly patienceMs: number;
  /** After so long a reader is sent away and comes back by itself, through the door again; in milliseconds. */
  readonly ageMs: number;
}

const LIMITS: StreamLimits = { readers: 10_000, waitingBytes: 256 * 1024, patienceMs: 20_000, ageMs: Infinity };

/** What an `EventSource` waits before it comes back, in milliseconds. */
const RETRY = Buffer.from('retry: 2000\n\n');
/** An event and no comment: a script in a browser hears events only, and must know that the line lives. */
const HEARTBEAT = Buffer.from('event: beat\ndata: {}\n\n');

interface Reader {
  readonly out: Writable;
  readonly since: number;
  /** Place up to which its past was read, or at which it came. */
  at: number;
  /** Octets were waiting at the last heartbeat and may still. */
  stuck: boolean;
}

/** An event in the format of Server-Sent Events (HTML Living Standard, section 9.2.6). `data` is JSON: without line feeds. */
export function eventOf(seq: number, type: string, data: object): StreamEvent {
  return { seq, bytes: Buffer.from(`id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`) };
}

/**
 * One event stream and all who read it. An event is one buffer for everybody; what a reader does not take waits within a limit,
 * and a reader over it is dropped, so that none costs the others anything.
 */
export class EventStream {
  private readonly readers = new Set<Reader>();
  private readonly joining = new Set<Reader>();
  private readonly limits: StreamLimits;

  constructor(private readonly input: StreamInput) {
    this.limits = { ...LIMITS, ...input.limits };
  }

  /** How many read it, those that are still catching up too. */
  get size(): number {
    return this.readers.size + this.joining.size;
  }

  /** Throws STREAM_FULL when nobody more may read. */
  mustHaveRoom(): void {
    if (this.size >= this.limits.readers) throw fail('STREAM_FULL');
  }

  /**
   * Adds a reader, who is first sent what came after place `after`, or only what is new when it names none. Resolves once it has
   * caught up or is gone. Never rejects.
   */
  async join(out: Writable, after?: number): Promise<void> {
    const position = this.input.position();
    // A place that is not there yet: the reader remembers another chain, and what is new is new to it.
    const reader: Reader = { out, since: monotonicMs(), at: Math.min(after ?? position, position), stuck: false };
    this.joining.add(reader);
    out.once('close', () => this.forget(reader));
    out.on('error', () => this.forget(reader));
    try {
      this.write(reader, RETRY);
      await this.catchUp(reader);
    } catch {
      // The database is away: the reader comes back with the place it has come to.
      this.drop(reader, 'history_unavailable');
    }
  }

  /** Sends events, in their order, to everybody who has not had them. */
  send(events: readonly StreamEvent[]): void {
    const [first, last] = [events[0], events.at(-1)];
    if (!first || !last) return;
    const whole = joined(events);
    for (const reader of this.readers) {
      if (reader.at >= last.seq) continue;
      const bytes = reader.at < first.seq ? whole : joined(events.filter(({ seq }) => seq > reader.at));
      this.write(reader, bytes);
    }
  }

  /** Shows every reader that the stream lives, drops those that have not read since the last time, and sends the old ones round. */
  beat(): void {
    const now = monotonicMs();
    for (const reader of this.readers) {
      if (now - reader.since > this.limits.ageMs) {
        this.forget(reader);
        reader.out.end();
      } else if (reader.out.writableLength > 0 && reader.stuck) {
        this.drop(reader, 'stalled');
      } else {
        reader.stuck = reader.out.writableLength > 0;
        if (!reader.stuck) this.write(reader, HEARTBEAT);
      }
    }
  }

  /** Ends every reader's stream. */
  close(): void {
    for (const reader of [...this.readers, ...this.joining]) {
      this.forget(reader);
      reader.out.end();
    }
  }

  private async catchUp(reader: Reader): Promise<void> {
    while (this.joining.has(reader)) {
      // Nothing happens between this look and the change of sets, so no event falls between them.
      if (reader.at >= this.input.position()) {
        this.joining.delete(reader);
        this.readers.add(reader);
        return;
      }
      const { events, upTo } = await this.input.history(reader.at);
      reader.at = upTo;
      if (events.length > 0) this.write(reader, joined(events));
      if (reader.out.writableNeedDrain) await this.drained(reader.out);
    }
  }

  /** Waits until a reader has taken what waits for it; one that takes too long is cut off. */
  private drained(out: Writable): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => out.destroy(), this.limits.patienceMs).unref();
      const end = (): void => {
        clearTimeout(timer);
        out.off('drain', end).off('close', end);
        resolve();
      };
      out.once('drain', end).once('close', end);
    });
  }

  /** What waited before counts, not what is written now: that goes on its way only once this turn is over. */
  private write(reader: Reader, bytes: Buffer): void {
    if (reader.out.destroyed) this.forget(reader);
    else if (reader.out.writableLength > this.limits.waitingBytes) this.drop(reader, 'slow');
    else reader.out.write(bytes);
  }

  private drop(reader: Reader, cause: string): void {
    if (!this.forget(reader)) return;
    this.input.log.event('stream.dropped', { stream: this.input.name, cause }, 'warn');
    reader.out.destroy();
  }

  private forget(reader: Reader): boolean {
    return this.readers.delete(reader) || this.joining.delete(reader);
  }
}

const joined = (events: readonly StreamEvent[]): Buffer => (events.length === 1 ? events[0]!.bytes : Buffer.concat(events.map(({ bytes }) => bytes)));
