import { useSyncExternalStore } from 'react';

/** Whether the API answers, as far as the last request showed. */
export interface Connection {
  readonly state: 'reachable' | 'unreachable';
  /** When it changed to this, in milliseconds since the epoch. */
  readonly since: number;
}

const AGAIN_MS = 4_000;
const listeners = new Set<() => void>();
let connection: Connection = { state: 'reachable', since: Date.now() };
let asking: ReturnType<typeof setInterval> | undefined;

/** Tells that no answer came. From then on the server is asked until it answers. */
export function reportUnreachable(): void {
  become('unreachable');
  asking ??= setInterval(() => void probe(), AGAIN_MS);
}

/** Tells that an answer came to what was asked at `askedAt`, in milliseconds since the epoch. */
export function reportReachable(askedAt: number): void {
  // Asked before another request found no answer, it says nothing of how things stand since.
  if (connection.state === 'unreachable' && askedAt < connection.since) return;
  become('reachable');
  clearInterval(asking);
  asking = undefined;
}

/** Whether the API answers; the component draws itself anew when that changes. */
export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => connection);
}

function become(state: Connection['state']): void {
  if (connection.state === state) return;
  connection = { state, since: Date.now() };
  for (const listener of listeners) listener();
}

async function probe(): Promise<void> {
  const askedAt = Date.now();
  try {
    const { ok } = await fetch('/health/live', { cache: 'no-store', signal: AbortSignal.timeout(AGAIN_MS) });
    if (ok) reportReachable(askedAt);
  } catch {
    // Still not; asked again.
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

window.addEventListener('offline', reportUnreachable);
window.addEventListener('online', () => void probe());
