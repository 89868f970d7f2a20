import type { Problem as ProblemDocument } from '#apps/api/problem.js';
import { reportReachable, reportUnreachable } from './connection.js';
import { isAlone } from './presence.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Asked {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** A picture, sent as it is. */
  readonly picture?: Blob;
  /** The ETag that was read: the change is made on that version or refused with ALERT_STALE. */
  readonly ifMatch?: string;
  /** Idempotency key: the same key with the same request has one effect, however often it is sent. */
  readonly once?: string;
  readonly signal?: AbortSignal;
  /** After so many milliseconds without an answer the request counts as not answered; 20 s unless it is given. */
  readonly timeoutMs?: number;
}

export interface Answer<T> {
  readonly body: T;
  /** The version of what was read or changed, for `ifMatch`. */
  readonly etag?: string;
}

/** What the API refused, by its own problem document (RFC 9457). */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(readonly problem: ProblemDocument, readonly retryAfterSeconds?: number) {
    super(problem.code);
  }

  get code(): ProblemDocument['code'] {
    return this.problem.code;
  }
}

/** No answer came: whether the request had an effect is unknown, and the same one may be sent again with the same key. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/**
 * Asks the API once. Nothing is queued or repeated here: who asks sees what became of it.
 * Throws `Refused` with the reasons, or `Unreachable` when no answer came.
 */
export async function ask<T>(method: Method, path: string, asked: Asked = {}): Promise<Answer<T>> {
  const { response, body: text } = await answer(method, path, asked, (response) => response.text());
  const etag = response.headers.get('etag');
  return { body: (text === '' ? undefined : JSON.parse(text)) as T, ...(etag !== null && { etag }) };
}

/** A picture, sound or document as it comes; `body`, where it is given, is what it is made of. Throws as `ask`. */
export async function readBlob(path: string, asked: Pick<Asked, 'body' | 'signal'> = {}): Promise<Blob> {
  return (await answer(asked.body === undefined ? 'GET' : 'POST', path, asked, (response) => response.blob())).body;
}

async function answer<Body extends string | Blob>(
  method: Method, path: string, { body, picture, ifMatch, once, signal, timeoutMs = 20_000 }: Asked, take: (response: Response) => Promise<Body>,
): Promise<{ readonly response: Response; readonly body: Body }> {
  const limit = AbortSignal.timeout(timeoutMs);
  const askedAt = Date.now();
  let response: Response;
  let taken: Body | string;
  try {
    response = await fetch(path, {
      method, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
      headers: {
        accept: 'application/json, */*;q=0.5',
        ...(picture ? { 'content-type': picture.type } : body !== undefined && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
        ...(once !== undefined && { 'idempotency-key': once }),
        // Nobody is there: what is asked does not keep the session open.
        ...(isAlone() && { 'findme-background': '1' }),
      },
      ...(picture ? { body: picture } : body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    taken = response.ok ? await take(response) : await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    reportUnreachable();
    throw new Unreachable('no answer', { cause: error });
  }
  reportReachable(askedAt);
  if (!response.ok) throw refusalIn(response, taken as string);
  return { response, body: taken as Body };
}

/** Reads; for queries. */
export const read = async <T>(path: string, signal?: AbortSignal): Promise<T> => (await ask<T>('GET', path, signal && { signal })).body;

function refusalIn(response: Response, text: string): Refused | Unreachable {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return new Unreachable(`an answer that is not the API's (${response.status})`);
  const wait = Number(response.headers.get('retry-after') ?? NaN);
  return new Refused(JSON.parse(text) as ProblemDocument, Number.isFinite(wait) ? wait : undefined);
}
