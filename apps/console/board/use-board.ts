import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Mode } from '#alerts/notice.js';
import type { ShownBoard } from '#apps/api/board.controller.js';
import { read } from '../api.js';
import { useEvents, type FactHeard } from '../events.js';
import { useFormat } from '../language.js';

/** Without news it is looked at again all the same, in milliseconds: so long at most is what is shown behind without anybody saying so. */
const IDLE_MS = 10_000;
/** While a long audience is being told: counts grow without a fact for each. */
const BUSY_MS = 2_000;
/** At most one look in so long, and never more than half of the time. */
const APART_MS = 1_000;
/** A stream that is away longer than it takes a browser to come back. */
const STREAM_PATIENCE_MS = 5_000;
/** Older than this is stale, whatever else is well. */
const OLD_MS = 25_000;

export interface WatchedBoard {
  readonly board: ShownBoard | undefined;
  readonly error: Error | null;
  /** When what is shown was read, by this machine's clock. */
  readonly readAt: number;
  /** Now by the server's clock, in milliseconds since the epoch; moves on each second. */
  readonly now: number;
  /** Now by this machine's clock, for ages of what was read. */
  readonly here: number;
  /** Why what is shown may be behind; undefined while it is not. */
  readonly stale: 'fetch' | 'stream' | 'old' | undefined;
  readonly look: () => void;
}

/** The board of an alert, looked at whenever a fact tells of it; what cannot be renewed is marked. `hear` gets the facts too. */
export function useBoard(mode: Mode, id: string, hear: (fact: FactHeard) => void): WatchedBoard {
  const key = boardKey(mode, id);
  const queries = useQueryClient();
  const here = useNow();
  const took = useRef(0);
  const { data, error, dataUpdatedAt, failureCount } = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const began = performance.now();
      const board = await read<ShownBoard>(key[0], signal);
      took.current = performance.now() - began;
      // What the server's clock said, against this machine's at the middle of the question.
      return { board, ahead: Date.parse(board.at) - (Date.now() - took.current / 2) };
    },
    refetchInterval: ({ state }) => (state.data?.board.partners.some(isUnderWay) ? Math.max(BUSY_MS, 4 * took.current) : IDLE_MS),
    refetchIntervalInBackground: true,
  });

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const lookedAt = useRef(0);
  const look = useCallback(() => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, lookedAt.current + Math.max(APART_MS, 2 * took.current) - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      lookedAt.current = Date.now();
      void queries.invalidateQueries({ queryKey: [key[0]] });
    }, wait);
  }, [queries, key[0]]);
  useEffect(() => () => { clearTimeout(timer.current); timer.current = undefined; }, [look]);

  const stream = useEvents(mode, (fact) => {
    if (fact.alert !== id && fact.type !== 'breaker.changed') return;
    look();
    hear(fact);
  });
  const isLive = stream.state === 'live';
  const [streamSince, setStreamSince] = useState(() => Date.now());
  useEffect(() => { setStreamSince(Date.now()); }, [isLive]);

  const isStreamAway = !isLive && here - streamSince > STREAM_PATIENCE_MS;
  const stale = data === undefined ? undefined : error || failureCount > 0 ? 'fetch' : isStreamAway ? 'stream' : here - dataUpdatedAt > OLD_MS ? 'old' : undefined;
  return { board: data?.board, error, readAt: dataUpdatedAt, now: here + (data?.ahead ?? 0), here, stale, look };
}

export const boardKey = (mode: Mode, id: string): readonly [string] => [`/v1/${mode}/alerts/${id}/board`];

const isUnderWay = ({ reach }: ShownBoard['partners'][number]): boolean => reach !== null && reach.percent < 100 && reach.perSecond !== null;

/** A duration that is told anew each second: in whole seconds, so that nothing flickers. */
export function useTick(): (ms: number) => string {
  const { number, duration } = useFormat();
  return (ms) => {
    const whole = Math.max(0, Math.floor(ms / 1_000));
    return whole < 60 ? `${number(whole)} s` : duration(whole * 1_000);
  };
}

/** The time, told anew each second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const ticking = setInterval(() => { setNow(Date.now()); }, 1_000);
    return () => { clearInterval(ticking); };
  }, []);
  return now;
}
