import type { Outcome } from '../channel.js';

/** An answer is at most this many octets; a longer one is none. */
export const ANSWER_LIMIT = 64 * 1024;
/** A partner cannot ask for more patience than this; the retry is the house's own decision after that. */
const PATIENCE_MS = 60 * 60 * 1000;

/** What came back over HTTP. `body` is absent when it was over the limit. */
export interface Answer {
  readonly status: number;
  readonly retryAfter?: string;
  readonly body?: Buffer;
}

/** Statuses whose answer has to be read: the partner says that it took the message. */
export function saysTaken(status: number): boolean {
  return status === 200 || status === 202;
}

/**
 * The outcome of an answer whose status settles it. Nothing when the partner says that it took the message and there is a
 * body: then the body decides, since success is recorded from what came back, never from having tried.
 */
export function outcomeOfStatus({ status, retryAfter, body }: Answer, now: Date): Outcome | undefined {
  if (status >= 300 && status < 400) return { kind: 'refused', reason: 'redirect' };
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, now);
    return { kind: 'deferred', reason: `http_${status}`, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (status >= 400) return { kind: 'refused', reason: `http_${status}` };
  return saysTaken(status) && body ? undefined : ANSWER_INVALID;
}

/** What an answer means that is none of the protocol: the partner may have acted. */
export const ANSWER_INVALID: Outcome = { kind: 'uncertain', reason: 'answer_invalid' };

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110 section 10.2.3), at most an hour; nothing when unreadable. */
export function parseRetryAfter(value: string, now: Date): number | undefined {
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1000, PATIENCE_MS);
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now.getTime(), 0), PATIENCE_MS);
}
