import { Body, Controller, Get, Header, Inject, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { emailAddress, writesToSubscribers, type EmailSettings } from '#channels/email/config.js';
import { sendConfirmation } from '#channels/email/confirmation.js';
import { EMAIL, EMAIL_WISH, identityOf, readLeaveToken } from '#channels/email/links.js';
import { sha256Hex } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import { districtOf } from '#alerts/area.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import type { Destination } from '#dispatch/channel.js';
import { Door, type DoorRequest } from './door.js';
import { askPage, FORM_POLICY, saidPage } from './email-pages.js';
import { HOUSE, PUBLIC_ORIGIN } from './parts.js';
import { RequestBudget } from './request-budget.js';
import { readBy } from './schema-faults.js';

const asked = z.strictObject({
  mode: z.enum(['drill', 'live']),
  language: z.enum(LANGUAGES),
  /** Codes of the area register; null for all of Serbia. */
  districts: z.array(z.string().regex(/^RS-\d\d$/)).min(1).max(25).nullable(),
  address: emailAddress,
}).meta({ id: 'EmailSubscription' });
type Asked = z.infer<typeof asked>;
const languageQuery = z.object({ jezik: z.enum(LANGUAGES).default('sr-Latn') });
const tokenQuery = z.object({ t: z.string().regex(/^[\w-]{1,600}$/).default('-') });

/** A household, an office, or a mobile operator's customers behind one address; and everybody. */
const EACH = { burst: 60, perSecond: 1 };
const TOGETHER = { burst: 2_000, perSecond: 1_000 };
/** Nobody's mailbox is filled through us: three confirmations, then one in twenty minutes. */
const EACH_MAILBOX = { burst: 3, perSecond: 1 / 1_200 };
const WISH_MS = 86_400_000;
const MAIL_MS = 10_000;

const HTML = 'text/html; charset=utf-8';
/** The token in the address goes to nobody else, and our own forms still say where they come from. */
const REFERRER = 'same-origin';

/**
 * Where people ask for notices by e-mail, confirm (double opt-in), and leave. Every answer is the same whether an address is
 * known or not.
 */
@Controller()
export class EmailSubscriptionsController {
  private readonly budget: RequestBudget;
  private readonly mailboxes: RequestBudget;

  constructor(@Inject(HOUSE) private readonly house: House, @Inject(PUBLIC_ORIGIN) private readonly origin: string) {
    this.budget = new RequestBudget(house.clock, EACH, TOGETHER);
    this.mailboxes = new RequestBudget(house.clock, EACH_MAILBOX, TOGETHER);
  }

  @Post('v1/subscriptions/email')
  @Door({
    action: 'anyone', summary: 'Ask for notices by e-mail. A mail with a link to confirm goes to the address; until then nothing is subscribed. The answer says nothing of the address.',
    body: asked, status: 202, refusals: ['ROUTE_MISSING', 'AREA_UNKNOWN_DISTRICT', 'SUBSCRIPTION_THROTTLED', 'MAIL_UNREACHABLE', 'STORE_BUSY'],
  })
  async subscribe(@Body() body: Asked, @Req() request: DoorRequest): Promise<void> {
    this.space(request);
    await this.ask(body);
  }

  @Get(['pretplata/e-posta', 'vezba/pretplata/e-posta'])
  @Header('content-type', HTML)
  @Header('content-security-policy', FORM_POLICY)
  @Header('referrer-policy', REFERRER)
  @Door({ action: 'anyone', summary: 'The page on which people ask for notices by e-mail.', query: languageQuery, response: 'text/html', refusals: ['ROUTE_MISSING'] })
  page(@Query('jezik') language: Language, @Req() request: DoorRequest): string {
    const mode = modeOf(request);
    this.destinationOf(mode);
    return askPage(mode, language);
  }

  @Post(['pretplata/e-posta', 'vezba/pretplata/e-posta'])
  @Header('content-type', HTML)
  @Header('content-security-policy', FORM_POLICY)
  @Door({
    action: 'anyone', summary: 'The form of that page.', takes: 'form', response: 'text/html',
    refusals: ['ROUTE_MISSING', 'AREA_UNKNOWN_DISTRICT', 'SUBSCRIPTION_THROTTLED', 'MAIL_UNREACHABLE', 'STORE_BUSY'],
  })
  async submit(@Body() form: URLSearchParams | undefined, @Req() request: DoorRequest): Promise<string> {
    this.space(request);
    const mode = modeOf(request);
    const districts = form?.getAll('district') ?? [];
    await this.ask(readBy(asked, { mode, language: form?.get('language') ?? undefined, address: form?.get('address') ?? undefined, districts: districts.length > 0 ? districts : null }));
    return saidPage(mode, 'asked');
  }

  @Get(['potvrda/e-posta', 'vezba/potvrda/e-posta'])
  @Header('content-type', HTML)
  @Header('content-security-policy', FORM_POLICY)
  @Header('referrer-policy', REFERRER)
  @Door({ action: 'anyone', summary: 'Where the link of a confirmation leads. Following it does nothing yet: programs follow links too.', query: tokenQuery, response: 'text/html' })
  confirmPage(@Req() request: DoorRequest): string {
    return saidPage(modeOf(request), 'confirm', 'confirm');
  }

  @Post(['potvrda/e-posta', 'vezba/potvrda/e-posta'])
  @Header('content-type', HTML)
  @Header('content-security-policy', FORM_POLICY)
  @Door({
    action: 'anyone', summary: 'Confirm, once, within a day. 404 with a page where the link is none or used.', query: tokenQuery, takes: 'form', response: 'text/html',
    refusals: ['SUBSCRIPTION_MISSING', 'SUBSCRIPTION_THROTTLED', 'STORE_BUSY'],
  })
  async confirm(@Query('t') token: string, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    this.space(request);
    const { audience } = this.house;
    const mode = modeOf(request);
    const wish = await audience.find(token, EMAIL_WISH, this.earliest());
    if (wish?.mode !== mode) {
      void reply.status(404);
      return saidPage(mode, 'over');
    }
    // Subscribed before the link is used up: a failure in between loses nobody.
    await audience.add({ ...wish, kind: EMAIL, identity: identityOf(wish.contact), confirmed: true });
    await audience.remove(token);
    return saidPage(mode, 'confirmed');
  }

  @Get(['odjava/e-posta', 'vezba/odjava/e-posta'])
  @Header('content-type', HTML)
  @Header('content-security-policy', FORM_POLICY)
  @Header('referrer-policy', REFERRER)
  @Door({ action: 'anyone', summary: 'Where the link in every mail leads. Following it does nothing yet.', query: tokenQuery, response: 'text/html' })
  leavePage(@Req() request: DoorRequest): string {
    return saidPage(modeOf(request), 'leave', 'leave');
  }

  @Post(['odjava/e-posta', 'vezba/odjava/e-posta'])
  @Header('content-type', HTML)
  @Header('content-security-policy', FORM_POLICY)
  @Door({
    action: 'anyone', summary: 'Leave: by the button of that page, or by one click in a mail program (RFC 8058). Works with every mail ever sent, as often as it is asked.', query: tokenQuery,
    takes: 'form', response: 'text/html', refusals: ['ROUTE_MISSING', 'SUBSCRIPTION_MISSING', 'SUBSCRIPTION_THROTTLED', 'STORE_BUSY'],
  })
  async leave(@Query('t') token: string, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    this.space(request);
    const mode = modeOf(request);
    const address = readLeaveToken(token, mode, this.house.secret(this.destinationOf(mode).settings.bounce.secret));
    if (address === undefined) {
      void reply.status(404);
      return saidPage(mode, 'over');
    }
    await this.house.audience.leave(EMAIL, mode, identityOf(address));
    return saidPage(mode, 'left');
  }

  /** Keeps the wish and writes to the address. What is subscribed already stays as it is until the link is used. */
  private async ask({ mode, language, districts, address }: Asked): Promise<void> {
    const destination = this.destinationOf(mode);
    const unknown = districts?.findIndex((code) => !districtOf(code)) ?? -1;
    if (unknown >= 0) throw fail('AREA_UNKNOWN_DISTRICT', `districts[${unknown}]`);
    const { audience, clock, secret, outgoing } = this.house;
    await audience.forget(EMAIL_WISH, this.earliest());
    // Silently: the answer is the same, and the links that were sent stay good.
    if (this.mailboxes.take(sha256Hex(`${mode} ${identityOf(address)}`)) > 0) return;
    const { token } = await audience.add({
      kind: EMAIL_WISH, mode, language, districts: districts && [...new Set(districts)], identity: identityOf(address), contact: address, confirmed: false,
    });
    const sent = await sendConfirmation(destination, secret, outgoing.of(destination), { address, mode, language, origin: this.origin, token, now: clock.now() }, AbortSignal.timeout(MAIL_MS));
    if (!sent) throw fail('MAIL_UNREACHABLE');
  }

  private earliest(): Date {
    return new Date(this.house.clock.now().getTime() - WISH_MS);
  }

  /** The socket's address: a header could be written by anyone. */
  private space(request: DoorRequest): void {
    const wait = this.budget.take(request.socket.remoteAddress ?? '');
    if (wait > 0) throw fail('SUBSCRIPTION_THROTTLED', '', `Try again in ${wait} s.`);
  }

  /** The destination of the mode that writes to subscribers; where there is none there is nothing to subscribe to. */
  private destinationOf(mode: Mode): Destination<EmailSettings> {
    for (const destination of this.house.configuration.destinations) {
      const found = destination.mode === mode ? writesToSubscribers(destination) : undefined;
      if (found) return found;
    }
    throw fail('ROUTE_MISSING');
  }
}

/** Drill and live are different addresses. */
const modeOf = (request: DoorRequest): Mode => (request.url.startsWith('/vezba/') ? 'drill' : 'live');
