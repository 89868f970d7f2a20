import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Body, Controller, Delete, Get, Header, Headers, Inject, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { WEB_PUSH } from '#channels/web-push/channel.js';
import { webPushSettings, type WebPushSettings } from '#channels/web-push/config.js';
import { isAllowedEndpoint, pushSubscription, writeContact } from '#channels/web-push/subscription.js';
import { Vapid } from '#channels/web-push/vapid.js';
import { projectRoot } from '#config/project-root.js';
import type { Destination } from '#dispatch/channel.js';
import { fail } from '#kernel/errors.js';
import { districtOf } from '#alerts/area.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { Door, type DoorRequest } from './door.js';
import { HOUSE } from './parts.js';
import { RequestBudget } from './request-budget.js';
import { SUBSCRIPTION_POLICY, subscriptionPage } from './subscription-page.js';

const mode = z.enum(['drill', 'live']);
const pageQuery = z.object({ jezik: z.enum(LANGUAGES).default('sr-Latn') });
const keyQuery = z.object({ mode: mode.default('live') });
const asked = z.strictObject({
  mode,
  language: z.enum(LANGUAGES),
  /** Codes of the area register; null for all of Serbia. */
  districts: z.array(z.string().regex(/^RS-\d\d$/)).min(1).max(25).nullable(),
  /** As `PushSubscription.toJSON()` gives it, without `expirationTime`. */
  subscription: pushSubscription,
}).meta({ id: 'WebPushSubscription' });
const given = z.object({ token: z.string() }).meta({ id: 'SubscriptionToken' });

/** A household, an office, or a mobile operator's customers behind one address; and everybody. */
const EACH = { burst: 60, perSecond: 1 };
const TOGETHER = { burst: 2_000, perSecond: 1_000 };

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const publicFile = (name: string): string => readFileSync(join(projectRoot, 'apps/api/public', name), 'utf8');

/** Where people ask to be told by their browser, and where they leave again. Nobody signs in, and nobody is known by name. */
@Controller()
export class SubscriptionsController {
  private readonly budget: RequestBudget;
  private readonly keys = new Map<Mode, string>();
  private readonly script = publicFile('pretplata.js');
  private readonly workerScript = publicFile('sw.js');

  constructor(@Inject(HOUSE) private readonly house: House) {
    this.budget = new RequestBudget(house.clock, EACH, TOGETHER);
  }

  @Get('pretplata')
  @Header('content-type', HTML)
  @Header('content-security-policy', SUBSCRIPTION_POLICY)
  @Door({ action: 'anyone', summary: 'The page on which people subscribe with their browser.', query: pageQuery, response: 'text/html', refusals: ['ROUTE_MISSING'] })
  page(@Query('jezik') language: Language): string {
    return this.show('live', language);
  }

  @Get('vezba/pretplata')
  @Header('content-type', HTML)
  @Header('content-security-policy', SUBSCRIPTION_POLICY)
  @Door({ action: 'anyone', summary: 'The same for drills.', query: pageQuery, response: 'text/html', refusals: ['ROUTE_MISSING'] })
  drillPage(@Query('jezik') language: Language): string {
    return this.show('drill', language);
  }

  @Get('pretplata.js')
  @Header('content-type', SCRIPT)
  @Header('cache-control', 'no-cache')
  @Door({ action: 'anyone', summary: 'The script of the subscription page.', response: 'text/javascript' })
  pageScript(): string {
    return this.script;
  }

  @Get('sw.js')
  @Header('content-type', SCRIPT)
  @Header('cache-control', 'no-cache')
  @Header('content-security-policy', "default-src 'none'; connect-src 'self'")
  @Door({ action: 'anyone', summary: 'The service worker that shows, replaces and withdraws notifications.', response: 'text/javascript' })
  worker(): string {
    return this.workerScript;
  }

  @Get('v1/subscriptions/web-push/key')
  @Door({
    action: 'anyone', summary: 'The key with which browsers subscribe (applicationServerKey).', query: keyQuery, response: z.object({ mode, key: z.string() }).meta({ id: 'WebPushKey' }),
    refusals: ['ROUTE_MISSING'],
  })
  key(@Query('mode') of: Mode): { mode: Mode; key: string } {
    const { settings: { vapid } } = this.destinationOf(of);
    const key = this.keys.get(of) ?? new Vapid(this.house.secret(vapid.key), vapid.subject).publicKey;
    this.keys.set(of, key);
    return { mode: of, key };
  }

  @Post('v1/subscriptions/web-push')
  @Door({
    action: 'anyone', summary: 'Subscribe a browser. The token in the answer, told once, is what leaves again. The same subscription again replaces what was chosen.',
    body: asked, response: given, status: 201, refusals: ['ROUTE_MISSING', 'ENDPOINT_NOT_ALLOWED', 'AREA_UNKNOWN_DISTRICT', 'SUBSCRIPTION_THROTTLED', 'STORE_BUSY'],
  })
  async subscribe(@Body() body: z.infer<typeof asked>, @Req() request: DoorRequest): Promise<{ token: string }> {
    this.space(request);
    const { simulated = false, settings: { services } } = this.destinationOf(body.mode);
    const { subscription, language, districts } = body;
    if (!isAllowedEndpoint(subscription.endpoint, services, simulated)) throw fail('ENDPOINT_NOT_ALLOWED', 'subscription.endpoint');
    const unknown = districts?.findIndex((code) => !districtOf(code)) ?? -1;
    if (unknown >= 0) throw fail('AREA_UNKNOWN_DISTRICT', `districts[${unknown}]`);
    const { token } = await this.house.audience.add({
      kind: WEB_PUSH, mode: body.mode, language, districts: districts && [...new Set(districts)], identity: subscription.endpoint, contact: writeContact(subscription),
      // The browser asked its person; there is nobody else to ask.
      confirmed: true,
    });
    return { token };
  }

  @Delete('v1/subscriptions/web-push')
  @Door({
    action: 'anyone', summary: 'Leave. Whoever has the token is the one who subscribed.', status: 204, headers: { authorization: 'Required. `Bearer` and the token.' },
    refusals: ['SUBSCRIPTION_MISSING', 'SUBSCRIPTION_THROTTLED', 'STORE_BUSY'],
  })
  async leave(@Headers('authorization') authorization: string | undefined, @Req() request: DoorRequest): Promise<void> {
    this.space(request);
    const token = /^Bearer ([\w-]{43})$/i.exec(authorization ?? '')?.[1];
    if (token === undefined || !(await this.house.audience.remove(token))) throw fail('SUBSCRIPTION_MISSING');
  }

  private show(of: Mode, language: Language): string {
    this.destinationOf(of);
    return subscriptionPage(of, language);
  }

  /** The socket's address: a header could be written by anyone. */
  private space(request: DoorRequest): void {
    const wait = this.budget.take(request.socket.remoteAddress ?? '');
    if (wait > 0) throw fail('SUBSCRIPTION_THROTTLED', '', `Try again in ${wait} s.`);
  }

  /** The mode's web push destination; where it has none there is nothing to subscribe to. */
  private destinationOf(of: Mode): Destination<WebPushSettings> {
    const destination = this.house.configuration.destinations.find((d) => d.channel === WEB_PUSH && d.mode === of);
    if (!destination) throw fail('ROUTE_MISSING');
    return { ...destination, settings: webPushSettings.parse(destination.settings) };
  }
}
