import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { AlertId } from '#kernel/ids.js';
import { AlertActions } from '#alerts/alert-actions.js';
import type { Alert } from '#alerts/alert.js';
import type { Mode } from '#alerts/notice.js';
import { Accounts, type SignedIn } from '#identity/accounts.js';
import { AnsweredRequests } from '#storage/answered-requests.js';
import { alertSchema, showAlert } from './alert-shown.js';
import { Door, Who } from './door.js';
import type { DoorRequest } from './door.js';
import { once, tagVersion, targetOf } from './preconditions.js';
import { HOUSE } from './parts.js';
import { proofFields, STEP_UP_REFUSALS } from './step-up.js';

/** An empty reason is refused by the core, which knows whether the decision could be made at all. */
export const reasonBody = z.strictObject({ reason: z.string().max(1_000).default('') });
type ReasonBody = z.output<typeof reasonBody>;
const approvalBody = z.strictObject({ contentHash: z.string().regex(/^[0-9a-f]{64}$/), ...proofFields });

const words = z.object({ headline: z.string(), short: z.string(), full: z.string(), instruction: z.string(), area: z.string() });
const byLanguage = z.object({ 'sr-Latn': words, 'sr-Cyrl': words, en: words });
const endingsSchema = z.object({ found: byLanguage, withdrawn: byLanguage }).meta({ id: 'Endings' });
export type Endings = z.output<typeof endingsSchema>;

const VERSION = { 'If-Match': 'The version that was read, from ETag; the newest if left out.' };
const KEY = { 'Idempotency-Key': 'The same key with the same request gets the same answer and has one effect.' };
const COMMON = ['ALERT_MISSING', 'ALERT_ERASED', 'TRANSITION_NOT_ALLOWED'] as const;

/** Everything that is decided about an alert once it is written. */
@Controller('v1/:mode/alerts/:id')
export class AlertDecisionsController {
  constructor(
    private readonly actions: AlertActions,
    private readonly accounts: Accounts,
    private readonly answered: AnsweredRequests,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  @Post('submit')
  @Door({
    action: 'alert.submit', summary: 'Freeze the draft and hand it over for review.', response: alertSchema, headers: { ...VERSION, ...KEY },
    refusals: [...COMMON, 'ALERT_STALE', 'TEXT_TOO_LONG', 'TEXT_NOT_ENCODABLE', 'IDEMPOTENCY_KEY_REUSED'],
  })
  submit(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const done = ({ proposal }: Alert) => proposal?.status === 'in_review' && proposal.submittedBy === who.officer.id;
    return this.decideOnce({ mode, id, who, request, reply, body: null, done }, async () =>
      this.actions.submit(await targetOf(this.house.alerts, mode, id, request), who.officer.id));
  }

  @Post('approve')
  @Door({
    action: 'alert.approve', summary: 'Approve exactly the content that has the hash, with a fresh proof of who approves. The alert is active and on its way at once.',
    body: approvalBody, response: alertSchema, headers: { ...VERSION, ...KEY },
    refusals: [...COMMON, 'ALERT_STALE', 'APPROVAL_STALE_HASH', 'APPROVER_IS_WRITER', ...STEP_UP_REFUSALS, 'IDEMPOTENCY_KEY_REUSED'],
  })
  approve(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() { contentHash, ...proof }: z.output<typeof approvalBody>, @Who() who: SignedIn, @Req() request: DoorRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    // The code is no part of the request: the same approval repeated with a newer one is the same approval.
    const done = ({ published }: Alert) => published?.contentHash === contentHash;
    return this.decideOnce({ mode, id, who, request, reply, body: { contentHash }, done }, async () => {
      const target = await targetOf(this.house.alerts, mode, id, request);
      const { method } = await this.accounts.stepUp(who, proof, { for: 'approve', alert: id, contentHash });
      await this.actions.approve(target, contentHash, who.officer.id, method);
    });
  }

  @Post('return')
  @Door({
    action: 'alert.return', summary: 'Give the revision back to its writers.', body: reasonBody, response: alertSchema, headers: VERSION,
    refusals: [...COMMON, 'ALERT_STALE', 'REASON_MISSING'],
  })
  async giveBack(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() { reason }: ReasonBody, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.shown(await this.actions.return(await targetOf(this.house.alerts, mode, id, request), reason, who.officer.id), who, reply);
  }

  @Post('reject')
  @Door({
    action: 'alert.reject', summary: 'Refuse the revision for good.', body: reasonBody, response: alertSchema, headers: VERSION,
    refusals: [...COMMON, 'ALERT_STALE', 'REASON_MISSING'],
  })
  async reject(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() { reason }: ReasonBody, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.shown(await this.actions.reject(await targetOf(this.house.alerts, mode, id, request), reason, who.officer.id), who, reply);
  }

  @Post('revise')
  @Door({ action: 'alert.write', summary: 'Begin an update of what is published.', response: alertSchema, headers: VERSION, refusals: [...COMMON, 'ALERT_STALE'] })
  async revise(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.shown(await this.actions.revise(await targetOf(this.house.alerts, mode, id, request), who.officer.id), who, reply);
  }

  @Post('found')
  @Door({
    action: 'alert.end', summary: 'The child is found: end the alert and tell everyone who has it.', body: reasonBody, response: alertSchema, headers: KEY,
    refusals: [...COMMON, 'REASON_MISSING', 'IDEMPOTENCY_KEY_REUSED'],
  })
  found(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() body: ReasonBody, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.end('found', { mode, id, who, request, reply, body });
  }

  @Post('withdraw')
  @Door({
    action: 'alert.end', summary: 'Withdraw the alert at once; one officer is enough.', body: reasonBody, response: alertSchema, headers: KEY,
    refusals: [...COMMON, 'REASON_MISSING', 'IDEMPOTENCY_KEY_REUSED'],
  })
  withdraw(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() body: ReasonBody, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.end('withdraw', { mode, id, who, request, reply, body });
  }

  @Get('endings')
  @Door({
    action: 'alert.end', response: endingsSchema, refusals: COMMON,
    summary: 'The two endings of a published alert as they would be sent, in every language: to be read before one of them is chosen.',
  })
  async endings(@Param('mode') mode: Mode, @Param('id') id: AlertId) {
    const { alerts, composer } = this.house;
    const alert = await alerts.load(mode, id);
    return { found: composer.ending(alert, 'found').texts, withdrawn: composer.ending(alert, 'withdraw').texts };
  }

  @Post('erase')
  @Door({ action: 'alert.erase', summary: 'Destroy the data of an ended case. Hashes, times and officers remain.', status: 204, refusals: COMMON })
  async erase(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn): Promise<void> {
    await this.actions.erase(mode, id, who.officer.id);
  }

  private end(how: 'found' | 'withdraw', asked: Omit<Decision, 'done'> & { readonly body: ReasonBody }) {
    const { mode, id, who, body } = asked;
    const done = ({ status }: Alert) => status === (how === 'found' ? 'found' : 'withdrawn');
    return this.decideOnce({ ...asked, done }, () => this.actions.end(mode, id, how, body.reason, who.officer.id));
  }

  /** Decides once for an idempotency key; a run that was lost after its effect is recognised by what it left. */
  private async decideOnce({ mode, id, who, request, reply, body, done }: Decision, decide: () => Promise<unknown>) {
    const { alerts } = this.house;
    await once({ answered: this.answered, request, officer: who.officer.id, subject: id, status: 200, body }, async ({ resumed }) => {
      if (!resumed || !done(await alerts.load(mode, id))) await decide();
    });
    return this.shown(await alerts.load(mode, id), who, reply);
  }

  private shown(alert: Alert, who: SignedIn, reply: FastifyReply) {
    tagVersion(reply, alert);
    return showAlert(alert, who.officer);
  }
}

interface Decision {
  readonly mode: Mode;
  readonly id: AlertId;
  readonly who: SignedIn;
  readonly request: DoorRequest;
  readonly reply: FastifyReply;
  readonly body: unknown;
  /** Whether the alert is as this decision leaves it. */
  readonly done: (alert: Alert) => boolean;
}
