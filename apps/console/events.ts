import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import type { Mode } from '#alerts/notice.js';

/** A fact about an alert of a mode, as the event stream tells it; no personal data. */
export interface FactHeard {
  readonly seq: number;
  readonly type: string;
  readonly actor: string;
  readonly at: string;
  readonly alert: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface StreamState {
  readonly state: 'connecting' | 'live' | 'lost';
  /** When anything was last heard, a beat included, in milliseconds since the epoch. */
  readonly heardAt: number;
}

type Hear = (fact: FactHeard) => void;

/** A stream that was silent longer than this, beats (15 s) included, is lost whatever the browser believes. */
const SILENCE_MS = 40_000;
const LOOK_MS = 5_000;

/** One stream a mode for the whole page, open while anybody listens. */
class Stream {
  private readonly hearers = new Set<Hear>();
  private readonly watchers = new Set<() => void>();
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private last: number | undefined;
  snapshot: StreamState = { state: 'connecting', heardAt: 0 };

  constructor(private readonly mode: Mode) {}

  hear(hear: Hear): () => void {
    this.hearers.add(hear);
    this.timer ??= setInterval(() => { this.look(); }, LOOK_MS);
    if (!this.source) this.open();
    return () => {
      this.hearers.delete(hear);
      if (this.hearers.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
      this.close();
    };
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  private open(): void {
    const source = new EventSource(`/v1/${this.mode}/events${this.last === undefined ? '' : `?after=${this.last}`}`);
    this.source = source;
    source.addEventListener('open', () => { this.become('live', true); });
    source.addEventListener('beat', () => { this.become('live', true); });
    source.addEventListener('fact', ({ data }: MessageEvent<string>) => {
      const fact = JSON.parse(data) as FactHeard;
      this.last = fact.seq;
      this.become('live', true);
      for (const hear of this.hearers) hear(fact);
    });
    source.addEventListener('error', () => { this.become(source.readyState === EventSource.CLOSED ? 'lost' : 'connecting', false); });
  }

  private close(): void {
    this.source?.close();
    this.source = undefined;
    this.become('connecting', false);
  }

  /** The browser gives up after a refusal and does not notice a dead line: both are mended here. */
  private look(): void {
    const silent = Date.now() - this.snapshot.heardAt > SILENCE_MS;
    if (this.source?.readyState !== EventSource.CLOSED && !silent) return;
    this.source?.close();
    this.become('lost', false);
    this.open();
  }

  private become(state: StreamState['state'], heard: boolean): void {
    if (!heard && state === this.snapshot.state) return;
    this.snapshot = { state, heardAt: heard ? Date.now() : this.snapshot.heardAt };
    for (const watcher of this.watchers) watcher();
  }
}

const streams: Readonly<Record<Mode, Stream>> = { drill: new Stream('drill'), live: new Stream('live') };

/** Hears the facts of a mode as they happen, and tells how the stream is. What was missed while it was lost comes first when it is back. */
export function useEvents(mode: Mode, hear: Hear): StreamState {
  const heard = useEffectEvent(hear);
  const stream = streams[mode];
  useEffect(() => stream.hear(heard), [stream]);
  return useSyncExternalStore((watcher) => stream.watch(watcher), () => stream.snapshot);
}
