import { Body, Controller, Delete, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Accounts, type SignedIn } from '#identity/accounts.js';
import { ACTIONS, mayDo, ROLES } from '#identity/officer.js';
import { Door, Who } from './door.js';
import type { DoorRequest } from './door.js';
import { giveToken, takeToken, tokenOf } from './session-cookie.js';

const credentials = z.strictObject({
  userName: z.string().max(200), password: z.string().max(1_024),
  /** The six digits of the authenticator app. */
  code: z.string().max(20),
});
export const sessionSchema = z.object({
  officer: z.object({ id: z.string(), userName: z.string(), displayName: z.string(), roles: z.array(z.enum(ROLES)) }),
  /** What the roles allow, so that nobody is shown what would be refused. */
  may: z.array(z.enum(ACTIONS)),
  expiresAt: z.iso.datetime(),
}).meta({ id: 'Session' });

@Controller('v1/session')
export class SessionController {
  constructor(private readonly accounts: Accounts) {}

  @Post()
  @Door({
    action: 'anyone', summary: 'Sign in with password and one-time code; the session comes as a cookie.', body: credentials, response: sessionSchema,
    refusals: ['CREDENTIALS_WRONG', 'CODE_REPLAYED', 'SIGN_IN_THROTTLED'],
  })
  async signIn(@Body() body: z.infer<typeof credentials>, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    // The socket's address: a header could be written by anyone.
    const signedIn = await this.accounts.signIn({ ...body, source: request.socket.remoteAddress ?? '' });
    giveToken(reply, signedIn.token);
    return shown(signedIn);
  }

  @Get()
  @Door({ action: 'session', summary: 'Who is signed in, and until when.', response: sessionSchema })
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

function shown({ officer, expiresAt }: SignedIn) {
  const { id, userName, displayName, roles } = officer;
  return { officer: { id, userName, displayName, roles }, may: ACTIONS.filter((action) => mayDo(officer, action)), expiresAt: expiresAt.toISOString() };
}
