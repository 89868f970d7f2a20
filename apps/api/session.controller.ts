import { Body, Controller, Delete, Get, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Accounts, type Caller, type SignedIn } from '#identity/accounts.js';
import { BROWSERS, deviceOf, SYSTEMS } from '#identity/device.js';
import { ACTIONS, mayDo, ROLES } from '#identity/officer.js';
import type { AuthenticationResponseJSON } from '#identity/passkey.js';
import { Passkeys } from '#identity/passkeys.js';
import { sessionEnds, type SessionId } from '#identity/session.js';
import { officerActor } from '#audit/fact.js';
import { Door, Who } from './door.js';
import type { DoorRequest } from './door.js';
import { giveToken, takeToken, tokenOf } from './session-cookie.js';
import { passkeyProof, stepUpPurpose } from './step-up.js';

const credentials = z.strictObject({
  userName: z.string().max(200), password: z.string().max(1_024),
  /** The six digits of the authenticator app. */
  code: z.string().max(20),
});
const instant = z.iso.datetime();
const method = z.enum(['password+totp', 'passkey']);
export const sessionSchema = z.object({
  officer: z.object({ id: z.string(), userName: z.string(), displayName: z.string(), roles: z.array(z.enum(ROLES)) }),
  /** What the roles allow, so that nobody is shown what would be refused. */
  may: z.array(z.enum(ACTIONS)),
  method,
  /** How many passkeys the officer has, to know whether to offer one. */
  passkeys: z.int(),
  /** The system's time, to count from. */
  now: instant,
  /** When the session ends without another request, when in any case, and the earlier of both. */
  idleAt: instant, absoluteAt: instant, expiresAt: instant,
}).meta({ id: 'Session' });
export type SessionShown = z.infer<typeof sessionSchema>;
const sessionItem = z.object({
  id: z.string(), method, openedAt: instant, seenAt: instant, current: z.boolean(),
  /** What the browser said that it is; null where that is of no known family. */
  device: z.object({ browser: z.enum(BROWSERS), system: z.enum(SYSTEMS) }).nullable(),
}).meta({ id: 'OpenSession' });
const sessions = z.object({ items: z.array(sessionItem) });
export type OpenSessions = z.infer<typeof sessions>;
/** Options for `navigator.credentials`, as `PublicKeyCredential.parse…OptionsFromJSON` takes them. */
const options = z.record(z.string(), z.unknown()).describe('PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3, section 5.5)');

@Controller('v1/session')
export class SessionController {
  constructor(private readonly accounts: Accounts, private readonly passkeys: Passkeys) {}

  @Post()
  @Door({
    action: 'anyone', summary: 'Sign in with password and one-time code; the session comes as a cookie.', body: credentials, response: sessionSchema,
    refusals: ['CREDENTIALS_WRONG', 'CODE_REPLAYED', 'SIGN_IN_THROTTLED'],
  })
  async signIn(@Body() body: z.infer<typeof credentials>, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const signedIn = await this.accounts.signIn({ ...body, ...callerOf(request) });
    giveToken(reply, signedIn.token);
    return this.shown(signedIn);
  }

  @Post('passkey/options')
  @Door({
    action: 'anyone', summary: 'A challenge for signing in with a passkey: good once, for five minutes.', response: options, refusals: ['PASSKEY_UNAVAILABLE', 'SIGN_IN_THROTTLED'],
  })
  offerPasskey(@Req() request: DoorRequest) {
    return this.accounts.offerPasskeySignIn(sourceOf(request));
  }

  @Post('passkey')
  @Door({
    action: 'anyone', summary: 'Sign in with a passkey alone; the session comes as a cookie.', body: passkeyProof, response: sessionSchema,
    refusals: ['PASSKEY_REFUSED', 'PASSKEY_UNAVAILABLE', 'SIGN_IN_THROTTLED'],
  })
  async signInWithPasskey(@Body() proof: AuthenticationResponseJSON, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const signedIn = await this.accounts.signInWithPasskey(proof, callerOf(request));
    giveToken(reply, signedIn.token);
    return this.shown(signedIn);
  }

  @Get()
  @Door({ action: 'session', passive: true, summary: 'Who is signed in, and until when. Asking does not keep the session open.', response: sessionSchema })
  show(@Who() who: SignedIn) {
    return this.shown(who);
  }

  @Post('extend')
  @Door({ action: 'session', summary: 'Keep the session open: somebody is there.', response: sessionSchema })
  extend(@Who() who: SignedIn) {
    return this.shown(who);
  }

  @Post('step-up')
  @Door({
    action: 'session', summary: 'A challenge with which a passkey proves anew who asks, for one purpose in this session: good once, for five minutes.', body: stepUpPurpose, response: options,
    refusals: ['PASSKEY_UNAVAILABLE', 'PASSKEY_MISSING'],
  })
  offerStepUp(@Body() purpose: z.output<typeof stepUpPurpose>, @Who() who: SignedIn) {
    return this.accounts.offerStepUp(who, purpose);
  }

  @Delete()
  @Door({ action: 'session', summary: 'Sign out.', status: 204 })
  async signOut(@Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.accounts.signOut(tokenOf(request));
    takeToken(reply);
  }

  private async shown({ officer, session, expiresAt }: SignedIn): Promise<SessionShown> {
    const { id, userName, displayName, roles } = officer;
    const { idleAt, absoluteAt } = sessionEnds(session);
    return {
      officer: { id, userName, displayName, roles: [...roles] }, may: ACTIONS.filter((action) => mayDo(officer, action)), method: session.method, passkeys: (await this.passkeys.list(id)).length, now: this.accounts.now().toISOString(),
      idleAt: idleAt.toISOString(), absoluteAt: absoluteAt.toISOString(), expiresAt: expiresAt.toISOString(),
    };
  }
}

/** All open sessions of the officer who asks. */
@Controller('v1/sessions')
export class SessionsController {
  constructor(private readonly accounts: Accounts) {}

  @Get()
  @Door({ action: 'session', summary: 'One\'s own open sessions, newest first.', response: sessions })
  async list(@Who() { officer, session: current }: SignedIn): Promise<OpenSessions> {
    const open = await this.accounts.sessionsOf(officer.id);
    return {
      items: open.map(({ id, method: how, openedAt, seenAt, device }) => ({
        id, method: how, openedAt: openedAt.toISOString(), seenAt: seenAt.toISOString(), current: id === current.id, device,
      })),
    };
  }

  @Delete(':id')
  @Door({ action: 'session', summary: 'End one of one\'s own sessions; one that is over or another\'s changes nothing.', status: 204 })
  async end(@Param('id') id: SessionId, @Who() { officer }: SignedIn): Promise<void> {
    await this.accounts.endSession(officer.id, id);
  }

  @Delete()
  @Door({ action: 'session', summary: 'Sign out everywhere, here too.', status: 204 })
  async endAll(@Who() { officer }: SignedIn, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.accounts.endAll(officer.id, officerActor(officer.id));
    takeToken(reply);
  }
}

/** Where a try to sign in comes from. The header is read to two words here and goes no further. */
function callerOf(request: DoorRequest): Caller {
  return { source: sourceOf(request), device: deviceOf(request.headers['user-agent']) };
}

/** The socket's address: a header could be written by anyone. */
function sourceOf(request: DoorRequest): string {
  return request.socket.remoteAddress ?? '';
}
