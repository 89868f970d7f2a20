import { HttpException } from '@nestjs/common';
import { z } from 'zod';
import { ERRORS, Refusal, type ErrorCode, type ErrorKind, type Fault } from '#kernel/errors.js';

/** The HTTP status of each kind of refusal. */
export const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 422, unauthenticated: 401, forbidden: 403, missing: 404, conflict: 409, gone: 410, busy: 503, throttled: 429,
};

/** A request whose form is wrong rather than its content: it has a status of its own (400, 413, 415, 428). */
export class MalformedRequest extends Refusal {
  constructor(readonly status: number, field: string, detail: string) {
    super([{ code: 'REQUEST_INVALID', field, detail }]);
  }
}

/** A problem document (RFC 9457). */
export interface Problem {
  /** Address that explains the error, relative to the API. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Names this one occurrence, as the log does. */
  readonly instance: string;
  readonly code: ErrorCode | 'UNFORESEEN';
  /** Whether the same request can succeed later. */
  readonly retry: 'never' | 'after-change' | 'later';
  readonly faults: readonly (Fault & { readonly rule: string })[];
}

export const problemSchema = z.object({
  type: z.string(), title: z.string(), status: z.int(), detail: z.string(), instance: z.string(), code: z.string(),
  retry: z.enum(['never', 'after-change', 'later']),
  faults: z.array(z.object({ code: z.string(), field: z.string(), rule: z.string(), detail: z.string().optional() })),
}).meta({ id: 'Problem' });

/** What is answered: the document, and seconds after which to try again where the wait is known. */
export interface Answer {
  readonly problem: Problem;
  readonly retryAfter?: number;
  /** The error was none of the table, and its cause belongs into the log. */
  readonly unforeseen: boolean;
}

/** Turns whatever was thrown into a problem document. Nothing of an unforeseen error is told. */
export function problemOf(error: unknown, traceId: string): Answer {
  const refusal = refusalOf(error);
  const instance = `urn:uuid:${traceId}`;
  if (!refusal) {
    return {
      unforeseen: true,
      problem: {
        type: 'about:blank', title: 'Internal Server Error', status: 500, detail: 'The system made a mistake. It is on record under this instance.', instance,
        code: 'UNFORESEEN', retry: 'later', faults: [],
      },
    };
  }
  const { kind, retry, rule } = ERRORS[refusal.code];
  const status = refusal instanceof MalformedRequest ? refusal.status : STATUS[kind];
  const retryAfter = kind === 'busy' || kind === 'throttled' ? waitOf(refusal) : undefined;
  return {
    unforeseen: false,
    ...(retryAfter !== undefined && { retryAfter }),
    problem: {
      type: `/errors/${refusal.code}`, title: titleOf(refusal.code), status, detail: rule, instance, code: refusal.code, retry,
      faults: refusal.faults.map((fault) => ({ code: fault.code, field: fault.field, rule: ERRORS[fault.code].rule, ...(fault.detail !== undefined && { detail: fault.detail }) })),
    },
  };
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof HttpException)) return frameworkRefusal((error as { statusCode?: unknown }).statusCode);
  return error.getStatus() === 404 ? new Refusal([{ code: 'ROUTE_MISSING', field: '' }]) : frameworkRefusal(error.getStatus());
}

/** What the HTTP server itself refused: its own words may quote the request, its status does not. */
function frameworkRefusal(status: unknown): Refusal | undefined {
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  const [field, detail] = FRAMEWORK[status] ?? ['', 'The request is well-formed HTTP.'];
  return new MalformedRequest(status, field, detail);
}

const FRAMEWORK: Readonly<Record<number, readonly [string, string]>> = {
  400: ['body', 'The body is well-formed JSON.'],
  413: ['body', 'The body is no larger than allowed here.'],
  414: ['url', 'The address is no longer than allowed.'],
  415: ['content-type', 'The content type is one that is taken here, such as application/json.'],
};

/** `ALERT_STALE` as a title: `Alert stale`. */
function titleOf(code: ErrorCode): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function waitOf({ faults }: Refusal): number {
  return Number(/(\d+) s\b/.exec(faults[0]?.detail ?? '')?.[1] ?? 1);
}
