import type { OnModuleDestroy } from '@nestjs/common';
import { pageOf } from '#alerts/compose.js';
import type { Mode } from '#alerts/notice.js';
import type { FactType } from '#audit/fact.js';
import { monotonicMs } from '#kernel/clock.js';
import type { AlertId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { PUBLISHING, type EventView, type FactEvent } from '#storage/event-view.js';
import { eventOf, EventStream, type StreamEvent } from './event-stream.js';

const MODES = ['drill', 'live'] as const;
/** Milliseconds between two looks at the chain, and between two heartbeats. */
const PACE = { pollMs: 1_000, beatMs: 15_000 };
/** An officer's session may end while the stream is open: after so long it is asked for again. */
const OFFICER_AGE_MS = 120_000;
const PAGE = 500;

/** What a fact is to one stream: an event, or nothing. */
type Shown = (event: FactEvent) => StreamEvent | undefined;

/** What the streams need of the house. */
interface Told {
  readonly environment: { readonly FINDME_PUBLIC_URL: string };
  readonly configuration: { readonly destinations: readonly { readonly id: string; readonly mode: Mode }[] };
  readonly log: Log;
}

interface Fed {
  readonly stream: EventStream;
  readonly shown: Shown;
}

/**
 * The house's event streams: for officers and auditors everything about the alerts of a mode, for everyone what the feeds of a
 * mode have new. From the first reader on, one look at the chain each second feeds all readers of this process.
 */
export class Events implements OnModuleDestroy {
  private readonly fed: Readonly<Record<'officers' | 'public', Readonly<Record<Mode, Fed>>>>;
  private position = 0;
  private timer: NodeJS.Timeout | undefined;
  private beatAt = monotonicMs();
  private stopped = false;
  private starting: Promise<void> | undefined;

  constructor(private readonly house: Told, private readonly view: Pick<EventView, 'head' | 'after'>, private readonly pace = PACE) {
    this.fed = { officers: this.both((mode) => this.forOfficers(mode)), public: this.both((mode) => this.forEveryone(mode)) };
  }

  /** What officers and auditors see of a mode: facts, which carry no personal data. Throws STREAM_FULL. */
  officers(mode: Mode): Promise<EventStream> {
    return this.open(this.fed.officers[mode].stream);
  }

  /** What is new in the feeds of a mode. Throws STREAM_FULL. */
  public(mode: Mode): Promise<EventStream> {
    return this.open(this.fed.public[mode].stream);
  }

  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const { stream } of this.all()) stream.close();
  }

  private async open(stream: EventStream): Promise<EventStream> {
    stream.mustHaveRoom();
    if (this.timer === undefined) {
      await (this.starting ??= this.start().finally(() => {
        this.starting = undefined;
      }));
    }
    return stream;
  }

  private async start(): Promise<void> {
    this.position = await this.view.head();
    this.next();
  }

  private next(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.turn(), this.pace.pollMs).unref();
  }

  private async turn(): Promise<void> {
    try {
      await this.poll();
    } catch (error) {
      this.house.log.event('store.failed', { operation: 'events', cause: causeOf(error) }, 'warn');
    }
    if (monotonicMs() - this.beatAt >= this.pace.beatMs) {
      this.beatAt = monotonicMs();
      for (const { stream } of this.all()) stream.beat();
    }
    this.next();
  }

  private async poll(): Promise<void> {
    for (;;) {
      const found = await this.view.after(this.position, PAGE);
      if (found.length === 0) return;
      // The place moves before anything is sent: who joins now reads the rest from the chain, and nothing twice.
      this.position = found.at(-1)!.seq;
      for (const { stream, shown } of this.all()) stream.send(found.flatMap((event) => shown(event) ?? []));
      if (found.length < PAGE) return;
    }
  }

  private forOfficers(mode: Mode): Fed {
    const shown: Shown = ({ seq, fact, mode: of }) => {
      if (!fact || (of === null ? fact.type !== 'breaker.changed' || !this.house.configuration.destinations.some((d) => d.mode === mode && d.id === fact.body['destination']) : of !== mode)) return undefined;
      const { type, actor, at, alert, body } = fact;
      return eventOf(seq, 'fact', { seq, type, actor, at, alert, body });
    };
    return { shown, stream: this.stream(`officers ${mode}`, shown, undefined, OFFICER_AGE_MS) };
  }

  private forEveryone(mode: Mode): Fed {
    const origin = this.house.environment.FINDME_PUBLIC_URL.replace(/\/+$/, '');
    const shown: Shown = ({ seq, fact, mode: of, identifier }) => {
      if (!fact?.alert || of !== mode || identifier === null) return undefined;
      const { type, alert, at, body } = fact;
      const kind = type === 'revision.approved' ? String(body['kind']) : type.slice('alert.'.length);
      return eventOf(seq, type !== 'revision.approved' ? 'ended' : kind === 'update' ? 'updated' : 'published', {
        alert, identifier, kind, at, cap: `${origin}/feeds/${mode}/cap/${identifier}.xml`, page: `${origin}/${mode === 'drill' ? 'vezba' : 'nestali'}/${pageOf(alert as AlertId)}`,
      });
    };
    return { shown, stream: this.stream(`public ${mode}`, shown, PUBLISHING) };
  }

  private stream(name: string, shown: Shown, types?: readonly FactType[], ageMs?: number): EventStream {
    return new EventStream({
      name, log: this.house.log, position: () => this.position, ...(ageMs !== undefined && { limits: { ageMs } }),
      history: async (after) => {
        const goal = this.position;
        const found = await this.view.after(after, PAGE, types);
        return { events: found.flatMap((event) => shown(event) ?? []), upTo: found.length < PAGE ? Math.max(goal, found.at(-1)?.seq ?? 0) : found.at(-1)!.seq };
      },
    });
  }

  private both(make: (mode: Mode) => Fed): Readonly<Record<Mode, Fed>> {
    return { drill: make('drill'), live: make('live') };
  }

  private all(): readonly Fed[] {
    return MODES.flatMap((mode) => [this.fed.officers[mode], this.fed.public[mode]]);
  }
}
