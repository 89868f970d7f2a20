import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { fail } from '#kernel/errors.js';
import { causeOf } from '#kernel/log.js';
import type { Log } from '#kernel/log.js';
import type { DoorRequest } from './door.js';
import { LOG } from './parts.js';
import { problemOf } from './problem.js';

/** The one place where an error becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOG) private readonly log: Log) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<DoorRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const error = isTooLargePicture(thrown, request) ? fail('PHOTO_TOO_LARGE', 'photo') : thrown;
    const { problem, retryAfter, unforeseen } = problemOf(error, request.id);
    if (unforeseen) this.log.event('http.failed', { method: request.method, route: request.routeOptions?.url ?? 'none', cause: causeOf(error), trace: request.id }, 'error');
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    reply.status(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem));
  }
}

/** The server stops reading a body at its limit, before anyone can judge the picture in it. */
function isTooLargePicture(error: unknown, request: DoorRequest): boolean {
  const { statusCode, status } = error as { statusCode?: number; status?: number };
  return (statusCode ?? status) === 413 && /^image\//i.test(request.headers['content-type'] ?? '');
}
