import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { DoorRequest } from './door.js';
import type { EventStream } from './event-stream.js';

/** For the document. */
export const RESUMES = { 'Last-Event-ID': 'The id of the last event that was read: what came after it is sent first. Only what is new when it is left out.' };
/** For readers that cannot set a header. */
export const streamQuery = z.strictObject({ after: z.coerce.number().int().min(0).optional() });

/** The place after which a reader goes on. Throws REQUEST_INVALID when it is none. */
export function placeOf({ headers }: DoorRequest, after: number | undefined): number | undefined {
  const header = headers['last-event-id'];
  if (header === undefined || header === '') return after;
  if (typeof header !== 'string' || !/^\d{1,15}$/.test(header)) throw fail('REQUEST_INVALID', 'Last-Event-ID', 'An id as it came with an event.');
  return Number(header);
}

/** Answers with a stream that does not end by itself. From here on the server leaves the answer to it. */
export function streamTo(request: DoorRequest, reply: FastifyReply, stream: EventStream, after: number | undefined): void {
  reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store').header('x-accel-buffering', 'no');
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  if (request.method === 'HEAD') {
    raw.end();
    return;
  }
  raw.flushHeaders();
  void stream.join(raw, after);
}
