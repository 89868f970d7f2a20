import '@fastify/cookie';
import type { FastifyReply } from 'fastify';
import { fail } from '#kernel/errors.js';
import type { DoorRequest } from './door.js';

/** The prefix makes browsers take it over a secure line only, for this host alone (RFC 6265bis section 4.1.3.2). */
export const COOKIE = '__Host-findme';
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const;

/** The token of a request; throws SESSION_MISSING when there is none. */
export function tokenOf(request: DoorRequest): string {
  const token = request.cookies[COOKIE];
  if (!token) throw fail('SESSION_MISSING');
  return token;
}

/** Gives the browser its token, until it is closed. */
export function giveToken(reply: FastifyReply, token: string): void {
  reply.setCookie(COOKIE, token, ATTRIBUTES);
}

/** Takes the token back. */
export function takeToken(reply: FastifyReply): void {
  reply.clearCookie(COOKIE, ATTRIBUTES);
}
