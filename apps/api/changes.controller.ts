import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Accounts, type SignedIn } from '#identity/accounts.js';
import { CHANGE_STATUSES, type ChangeId } from '#identity/change.js';
import { Changes, type ShownChange } from '#identity/changes.js';
import { Door, Who } from './door.js';
import { proofFields, STEP_UP_REFUSALS } from './step-up.js';

const person = z.object({ id: z.string(), displayName: z.string() });
const instant = z.iso.datetime();
const changeSchema = z.object({
  id: z.string(), kind: z.string(), subject: z.string(), payload: z.record(z.string(), z.unknown()), hasSecret: z.boolean(),
  /** What is put in force, where the proposal only names it: a destination that is enabled. */
  document: z.unknown(),
  proposedBy: person, proposedAt: instant, expiresAt: instant, status: z.enum(CHANGE_STATUSES),
  decidedBy: person.nullable(), decidedAt: instant.nullable(), reason: z.string().nullable(),
}).meta({ id: 'Change' });
const told = z.record(z.string(), z.string()).describe('Shown this once, to this administrator: half of an enrolment code, for example.');
const answer = z.object({ change: changeSchema, told });
const list = z.object({ items: z.array(changeSchema) });
export type ChangeShown = z.infer<typeof changeSchema>;
export type ChangeAnswer = z.infer<typeof answer>;

const proposal = z.strictObject({ kind: z.string().max(80), payload: z.unknown(), secret: z.unknown().optional() });
const refusal = z.strictObject({ reason: z.string().max(1_000).default('') });
const confirmation = z.strictObject(proofFields);
const which = z.strictObject({ status: z.enum(['open', 'settled']).default('open') });
const SETTLING = ['CHANGE_MISSING', 'CHANGE_SETTLED', 'CHANGE_OWN'] as const;

/** What two administrators change together: officers, partners and whatever registers a kind in `change-kinds.ts`. */
@Controller('v1/changes')
export class ChangesController {
  constructor(private readonly changes: Changes, private readonly accounts: Accounts) {}

  @Get()
  @Door({ action: 'change.read', summary: 'Changes that wait for a second administrator, or those settled last; newest first.', query: which, response: list })
  async list(@Query() { status }: z.output<typeof which>) {
    return { items: (await this.changes.list(status)).map(shown) };
  }

  @Get(':id')
  @Door({ action: 'change.read', summary: 'One change.', response: changeSchema, refusals: ['CHANGE_MISSING'] })
  async show(@Param('id') id: ChangeId) {
    return shown(await this.changes.show(id));
  }

  @Post()
  @Door({
    action: 'change.decide', status: 201, body: proposal, response: answer,
    summary: 'Propose a change; nothing is changed until a second administrator confirms it, within 72 hours.',
    refusals: ['CHANGE_KIND_UNKNOWN', 'CHANGE_INVALID', 'CHANGE_PENDING', 'OFFICER_INVALID', 'USER_NAME_TAKEN'],
  })
  async propose(@Body() body: z.output<typeof proposal>, @Who() who: SignedIn) {
    const { change, told: once } = await this.changes.propose(body, who.officer.id);
    return { change: shown(change), told: once };
  }

  @Post(':id/confirm')
  @Door({
    action: 'change.decide', body: confirmation, response: answer, summary: 'Confirm what another administrator proposed, with a fresh proof of who one is. It is carried out at once.',
    refusals: [...SETTLING, ...STEP_UP_REFUSALS, 'ADMINISTRATORS_TOO_FEW', 'OFFICER_INVALID', 'USER_NAME_TAKEN'],
  })
  async confirm(@Param('id') id: ChangeId, @Body() proof: z.output<typeof confirmation>, @Who() who: SignedIn) {
    // Refused before a proof is used up.
    await this.changes.mayConfirm(id, who.officer.id);
    const { method } = await this.accounts.stepUp(who, proof, { for: 'change', change: id });
    const { change, told: once } = await this.changes.confirm(id, who.officer.id, method);
    return { change: shown(change), told: once };
  }

  @Post(':id/refuse')
  @Door({ action: 'change.decide', body: refusal, response: changeSchema, summary: 'Refuse what another administrator proposed, with a reason.', refusals: [...SETTLING, 'REASON_MISSING'] })
  async refuse(@Param('id') id: ChangeId, @Body() { reason }: z.output<typeof refusal>, @Who() who: SignedIn) {
    return shown(await this.changes.refuse(id, reason, who.officer.id));
  }

  @Post(':id/take-back')
  @Door({ action: 'change.decide', response: changeSchema, summary: 'Take back what one proposed oneself.', refusals: SETTLING })
  async takeBack(@Param('id') id: ChangeId, @Who() who: SignedIn) {
    return shown(await this.changes.takeBack(id, who.officer.id));
  }
}

function shown({ proposedAt, expiresAt, decidedAt, payload, ...rest }: ShownChange): ChangeShown {
  return { ...rest, payload: { ...payload }, proposedAt: proposedAt.toISOString(), expiresAt: expiresAt.toISOString(), decidedAt: decidedAt?.toISOString() ?? null };
}
