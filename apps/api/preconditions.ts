import type { FastifyReply } from 'fastify';
import { fail } from '#kernel/errors.js';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import type { Alert } from '#alerts/alert.js';
import type { Target } from '#alerts/alert-actions.js';
import type { AlertStore } from '#alerts/alert-store.js';
import type { Mode } from '#alerts/notice.js';
import type { AnsweredRequests, KeptAnswer } from '#storage/answered-requests.js';
import type { DoorRequest } from './door.js';
import { MalformedRequest } from './problem.js';

/** Shows the version of an alert as its ETag (RFC 9110 section 8.8.3). */
export function tagVersion(reply: FastifyReply, { version }: Pick<Alert, 'version'>): void {
  reply.header('etag', `"${version}"`);
}

/**
 * Which alert a change is for: the version that `If-Match` names (RFC 9110 section 13.1.1), or the newest where none is
 * required. Throws REQUEST_INVALID when it is required and missing, or no version.
 */
export async function targetOf(store: AlertStore, mode: Mode, id: AlertId, request: DoorRequest, required: 'required' | 'optional' = 'optional'): Promise<Target> {
  if (request.headers['if-match'] === undefined && required === 'optional') return { mode, id, version: (await store.load(mode, id)).version };
  return { mode, id, version: versionRead(request) };
}

/** The version that `If-Match` names (RFC 9110 section 13.1.1). Throws REQUEST_INVALID when it is missing, or no version. */
export function versionRead(request: DoorRequest): number {
  const header = request.headers['if-match'];
  if (header === undefined) throw new MalformedRequest(428, 'If-Match', 'A change names the version that was read.');
  const version = /^"?(\d{1,9})"?$/.exec(header)?.[1];
  if (version === undefined) throw new MalformedRequest(400, 'If-Match', 'The version as it was given in ETag.');
  return Number(version);
}

/** How a change that may be asked for twice is made once. */
export interface Once {
  readonly answered: AnsweredRequests;
  readonly request: DoorRequest;
  readonly officer: OfficerId;
  readonly subject: AlertId;
  readonly status: number;
  /** The parts of the body that make it this request; no one-time code. */
  readonly body: unknown;
}

/** Makes a change once for its `Idempotency-Key`, or simply makes it when there is none. Throws IDEMPOTENCY_KEY_REUSED. */
export async function once({ answered, request, officer, subject, status, body }: Once, change: (run: { subject: AlertId; resumed: boolean }) => Promise<unknown>): Promise<KeptAnswer> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) {
    await change({ subject, resumed: false });
    return { status, subject };
  }
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key)) throw fail('REQUEST_INVALID', 'Idempotency-Key', '1 to 200 printable characters.');
  const { params, headers, routeOptions } = request;
  return answered.once(
    { officer, key, subject, request: { method: request.method, route: routeOptions.url, params, version: headers['if-match'] ?? null, body: body ?? null } },
    async (run) => {
      await change({ subject: run.subject as AlertId, resumed: run.resumed });
      return { status, subject: run.subject };
    },
  );
}
