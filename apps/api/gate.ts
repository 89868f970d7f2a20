import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { fail } from '#kernel/errors.js';
import { Accounts } from '#identity/accounts.js';
import { authorize } from '#identity/officer.js';
import { doorOf, PATH_PARAMETERS, type DoorOptions, type DoorRequest } from './door.js';
import { PUBLIC_ORIGIN } from './parts.js';
import { MalformedRequest } from './problem.js';
import { readBy } from './schema-faults.js';
import { tokenOf } from './session-cookie.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Set by a screen on what it asks by itself; nobody being there, the session runs out. */
const BACKGROUND = 'findme-background';

/** Stands before every handler: no door, no way in. Lets in who may, with what fits. */
@Injectable()
export class Gate implements CanActivate {
  constructor(
    private readonly accounts: Accounts,
    @Inject(PUBLIC_ORIGIN) private readonly origin: string,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const door = doorOf(context.getHandler());
    if (!door) throw fail('ROLE_MISSING');
    const request = context.switchToHttp().getRequest<DoorRequest>();
    readPath(door, request);
    if (!SAFE.has(request.method)) refuseCrossSite(request, this.origin);
    if (door.action !== 'anyone') {
      request.signedIn = await this.accounts.authenticate(tokenOf(request), { passive: door.passive === true || request.headers[BACKGROUND] !== undefined });
      if (door.action !== 'session') authorize(request.signedIn.officer, door.action);
    }
    readRest(door, request);
    return true;
  }
}

/** An address whose parameters do not fit is none of ours. */
function readPath(door: DoorOptions, request: DoorRequest): void {
  const params = request.params as Record<string, string>;
  for (const [name, value] of Object.entries(params)) {
    const schema = door.params?.[name] ?? PATH_PARAMETERS[name];
    if (schema && !schema.safeParse(value).success) throw fail('ROUTE_MISSING');
  }
}

/**
 * Browsers say where a request comes from; programs say nothing, and hold no cookie that they were not given. Guards
 * sign-in too, so that no page can sign someone in as another.
 */
function refuseCrossSite(request: DoorRequest, publicOrigin: string): void {
  const { 'sec-fetch-site': site, origin, host } = request.headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw fail('CROSS_SITE');
  if (site === undefined && origin !== undefined && origin !== publicOrigin && origin !== `${request.protocol}://${host ?? ''}`) throw fail('CROSS_SITE');
}

function readRest(door: DoorOptions, request: DoorRequest): void {
  if (door.query) request.query = readBy(door.query, request.query, 'query');
  const octets = Buffer.isBuffer(request.body);
  if (octets !== (door.takes === 'picture' || door.takes === 'text') && request.body !== undefined) {
    throw new MalformedRequest(415, 'content-type', `The body is ${door.takes === 'picture' ? 'an image' : door.takes === 'text' ? 'a document' : 'application/json'}.`);
  }
  if (request.body !== undefined && request.body instanceof URLSearchParams !== (door.takes === 'form')) {
    throw new MalformedRequest(415, 'content-type', `The body is ${door.takes === 'form' ? 'a form' : 'application/json'}.`);
  }
  if (door.body && door.judgedBy !== 'core') request.body = readBy(door.body, request.body ?? {});
}
