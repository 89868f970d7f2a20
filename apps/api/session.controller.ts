import { Body, Controller, Delete, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Accounts, type SignedIn } from '#identity/accounts.js';
import { ROLES } from '#identity/officer.js';
import { Door, Who } from './door.js';
import type { DoorRequest } from './door.js';
import { giveToken, takeToken, tokenOf } from './session-cookie.js';

const credentials = z.strictObject({
  userName: z.string().max(200), password: z.string().max(1_024),
  /** The six digits of the authenticator app. */
  code: z.string().max(20),
});
const answer = z.object({
  officer: z.object({ id: z.string(), userName: z.string(), displayName: z.string(), roles: z.array(z.enum(ROLES)) }),
  expiresAt: z.iso.datetime(),
}).meta({ id: 'Session' });

@Controller('v1/session')
export class SessionController {
  constructor(private readonly accounts: Accounts) {}

  @Post()
  @Door({
    action: 'anyone', summary: 'Sign in with password and one-time code; the session comes as a cookie.', body: credentials, response: answer,
    refusals: ['CREDENTIALS_WRONG', 'CODE_REPLAYED', 'SIGN_IN_THROTTLED'],
  })
  async signIn(@Body() body: z.infer<typeof credentials>, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    // The socket's address: a header could be written by anyone.
    const signedIn = await this.accounts.signIn({ ...body, source: request.socket.remoteAddress ?? '' });
    giveToken(reply, signedIn.token);
    return shown(signedIn);
  }

  @Get()
  @Door({ action: 'session', summary: 'Who is signed in, and until when.', response: answer })
  show(@Who() who: SignedIn) {
    return shown(who);
  }

  @Delete()
  @Door({ action: 'session', summary: 'Sign out.', status: 204 })
  async signOut(@Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.accounts.signOut(tokenOf(request));
    takeToken(reply);
  }
}

function shown({ officer: { id, userName, displayName, roles }, expiresAt }: SignedIn) {
  return { officer: { id, userName, displayName, roles }, expiresAt: expiresAt.toISOString() };
}
