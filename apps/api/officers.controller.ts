import { Body, Controller, Get, Post } from '@nestjs/common';
import { z } from 'zod';
import { Accounts } from '#identity/accounts.js';
import { Enrolments } from '#identity/enrolment.js';
import { ROLES } from '#identity/officer.js';
import { Door } from './door.js';

const role = z.enum(ROLES);
const officerSchema = z.object({ id: z.string(), userName: z.string(), displayName: z.string(), roles: z.array(role), destinations: z.array(z.string()).optional(), enabled: z.boolean(), enrolled: z.boolean() }).meta({ id: 'Officer' });
const list = z.object({ items: z.array(officerSchema) });
export type OfficerShown = z.infer<typeof officerSchema>;

const half = z.string().max(40).transform((text) => text.trim().toLowerCase());
const code = { proposerHalf: half, confirmerHalf: half };
const beginning = z.strictObject(code);
const completion = z.strictObject({ ...code, password: z.string().max(1_024), totpCode: z.string().max(20) });
const offer = z.object({ userName: z.string(), displayName: z.string(), roles: z.array(role), totpSecret: z.string(), otpauthUri: z.string(), expiresAt: z.iso.datetime() }).meta({ id: 'EnrolmentOffer' });
const enrolled = z.object({ userName: z.string() });
export type EnrolmentOffer = z.infer<typeof offer>;

/** Who may sign in. Changes of it are proposed and confirmed at `/v1/changes`. */
@Controller('v1/officers')
export class OfficersController {
  constructor(private readonly accounts: Accounts) {}

  @Get()
  @Door({ action: 'officer.read', summary: 'All officers, by user name.', response: list })
  async list() {
    return { items: await this.accounts.roster() };
  }
}

/** A new officer, or one whose sign-in was reset, sets factors of their own. Open to anyone who has both halves of the code. */
@Controller('v1/enrolment')
export class EnrolmentController {
  constructor(private readonly enrolments: Enrolments) {}

  @Post('begin')
  @Door({
    action: 'anyone', body: beginning, response: offer, refusals: ['ENROLMENT_INVALID'],
    summary: 'Who enrols with this code, and the second factor for their authenticator; the same one when asked again.',
  })
  async begin(@Body() body: z.output<typeof beginning>) {
    const { officer: { userName, displayName, roles }, expiresAt, ...factor } = await this.enrolments.begin(body);
    return { userName, displayName, roles, ...factor, expiresAt: expiresAt.toISOString() };
  }

  @Post('complete')
  @Door({
    action: 'anyone', body: completion, response: enrolled, refusals: ['ENROLMENT_INVALID', 'PASSWORD_WEAK', 'CODE_WRONG', 'SIGN_IN_THROTTLED'],
    summary: 'Set the password and prove the second factor by a present code. The enrolment code is used up.',
  })
  async complete(@Body() { proposerHalf, confirmerHalf, ...given }: z.output<typeof completion>) {
    const { userName } = await this.enrolments.complete({ proposerHalf, confirmerHalf }, given);
    return { userName };
  }
}
