import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import { LANGUAGES } from '#alerts/content.js';
import { officerActor } from '#audit/fact.js';
import { complianceOf } from '#dispatch/airing.js';
import { routeName, routesOf, type Destination } from '#dispatch/channel.js';
import { testMeansOf } from '#dispatch/connection-test.js';
import type { ErasureId } from '#dispatch/erasure.js';
import { newWebhookSecret } from '#dispatch/webhook-signature.js';
import { Accounts, type SignedIn } from '#identity/accounts.js';
import { fail } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import { PgAiringStore } from '#storage/airing-store.js';
import { PgErasureStore } from '#storage/erasure-store.js';
import { PgPartnerStore, type PartnerHealth } from '#storage/partner-store.js';
import { PgSecretStore } from '#storage/secret-store.js';
import { PgTestStore, TEST_STATES } from '#storage/test-store.js';
import { complianceSchema, slotSchema } from './airing.controller.js';
import { Door, Who } from './door.js';
import { secretsOf } from './partner-access.js';
import { pageQuery, partnerDelivery, partnerErasure } from './partners.controller.js';
import { HOUSE } from './parts.js';
import { proofFields, STEP_UP_REFUSALS } from './step-up.js';

const DAY_MS = 86_400_000;
const instant = z.iso.datetime();
// What cannot be an id of ours is answered as one of another partner is: there is no such address.
const own = { destination: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/), secret: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/) };

const secretSchema = z.object({
  name: z.string(), generation: z.int(), madeAt: instant.nullable(),
  /** Until when the one before it is valid as well. */
  previousUntil: instant.nullable(),
}).meta({ id: 'PartnerSecret' });
/** What a route said when it was last asked whether it is well. */
export const probeSchema = z.object({ at: instant, well: z.boolean(), reason: z.string().nullable(), ms: z.number() }).meta({ id: 'RouteProbe' });
const healthSchema = z.object({
  route: z.string(), channel: z.string(), breaker: z.enum(['closed', 'open', 'half-open']).nullable(), changedAt: instant.nullable(),
  lastProbe: probeSchema.nullable(),
}).meta({ id: 'PartnerRoute' });
const destinationSchema = z.object({
  id: z.string(), name: z.string(), mode: z.enum(['drill', 'live']), channel: z.string(), airs: z.boolean(), simulated: z.boolean(),
  /** What a test of it is. */
  tests: z.enum(['notice', 'probe']),
  feeds: z.object({ all: z.url(), events: z.url(), languages: z.array(z.object({ language: z.enum(LANGUAGES), url: z.url() })) }),
  secrets: z.array(secretSchema), routes: z.array(healthSchema), lastAcceptedAt: instant.nullable(), openErasures: z.int(),
}).meta({ id: 'PartnerDestination' });
export type PartnerDestinationAnswer = z.infer<typeof destinationSchema>;
/** Of whom nobody has heard anything yet. */
const UNHEARD: PartnerHealth = { breakers: new Map(), probes: new Map(), lastAcceptedAt: null, openErasures: 0 };
const airingSchema = z.object({ since: instant, compliance: complianceSchema.nullable(), slots: z.array(slotSchema) });
export type PartnerAiringAnswer = z.infer<typeof airingSchema>;
const testSchema = z.object({
  id: z.string(), means: z.enum(['notice', 'probe']), askedAt: instant, state: z.enum(TEST_STATES), channel: z.string().nullable(), startedAt: instant.nullable(), ms: z.number().nullable(),
  reason: z.string().nullable(), receipt: z.object({ word: z.string(), at: instant }).nullable(),
}).meta({ id: 'ConnectionTest' });
export type ConnectionTestAnswer = z.infer<typeof testSchema>;
const proof = z.strictObject(proofFields);
const rotatedSchema = z.object({ secret: z.string(), generation: z.int(), previousUntil: instant }).meta({ id: 'RotatedSecret' });
export type RotatedSecretAnswer = z.infer<typeof rotatedSchema>;

/**
 * A partner's desk: what an account bound to destinations sees and does of its own. Which destination is meant is asked, whether
 * it is the account's is looked up in the account; everything else is an address that does not exist.
 */
@Controller('v1/partner/destinations')
export class PartnerDeskController {
  private readonly airings: PgAiringStore;
  private readonly secrets: PgSecretStore;
  private readonly tests: PgTestStore;

  constructor(
    @Inject(HOUSE) private readonly house: House,
    private readonly accounts: Accounts,
    private readonly partners: PgPartnerStore,
    private readonly erasures: PgErasureStore,
  ) {
    this.airings = new PgAiringStore(house.source, house.clock, house.ids);
    this.tests = new PgTestStore(house.source, house.clock, house.ids);
    this.secrets = new PgSecretStore(house.source, house.masterKey, house.clock, house.ids);
  }

  @Get()
  @Door({
    action: 'partner.own', response: z.object({ items: z.array(destinationSchema) }),
    summary: 'The destinations of the account that asks: addresses of their feeds, how their secrets stand, and their health.',
  })
  async list(@Who() { officer }: SignedIn) {
    const mine = this.house.configuration.destinations.filter(({ id }) => officer.destinations?.includes(id));
    const health = await this.partners.health(mine.map(({ id }) => id));
    return { items: mine.map((destination) => this.shown(destination, health)) };
  }

  @Get(':destination/deliveries')
  @Door({ action: 'partner.own', params: own, query: pageQuery, response: z.object({ items: z.array(partnerDelivery), next: z.string().nullable() }), summary: 'What went to an own destination, newest first, and what was said of it.' })
  async deliveries(@Param('destination') id: string, @Query() { cursor, limit }: { cursor?: string; limit: number }, @Who() who: SignedIn) {
    return this.partners.deliveries(this.ownOf(who, id).id, { limit, ...(cursor !== undefined && { cursor }) });
  }

  @Get(':destination/airing')
  @Door({
    action: 'partner.own', params: own, query: z.strictObject({ days: z.coerce.number().int().min(1).max(366).default(30) }),
    response: airingSchema, summary: 'The airing slots of an own destination over the last days, each with its proof, and what was kept of them.',
  })
  async airing(@Param('destination') id: string, @Query() { days }: { days: number }, @Who() who: SignedIn) {
    const { id: destination, mode } = this.ownOf(who, id);
    const since = new Date(this.house.clock.now().getTime() - days * DAY_MS);
    const slots = await this.airings.slots({ mode, since, destination });
    return { since, compliance: complianceOf(slots)[0] ?? null, slots };
  }

  @Get(':destination/erasures')
  @Door({ action: 'partner.own', params: own, response: z.object({ items: z.array(partnerErasure) }), summary: 'What an own destination is asked to erase and has not confirmed, oldest first.' })
  async open(@Param('destination') id: string, @Who() who: SignedIn) {
    const asked = await this.erasures.openOf(this.ownOf(who, id).id);
    return { items: asked.map(({ destination: _, ...rest }) => rest) };
  }

  @Post(':destination/erasures/:id/confirm')
  @Door({
    action: 'partner.own', status: 204, params: own, refusals: ['ERASURE_MISSING', 'STORE_BUSY'],
    summary: 'All data of that alert is erased: copies, caches and queues too. Said again it changes nothing.',
  })
  async confirm(@Param('destination') id: string, @Param('id') erasure: ErasureId, @Who() who: SignedIn): Promise<void> {
    const { id: destination } = this.ownOf(who, id);
    await this.erasures.confirmByPartner(destination, erasure, officerActor(who.officer.id));
    this.house.log.event('erasure.confirmed', { destination, means: 'partner' });
  }

  @Get(':destination/tests')
  @Door({ action: 'partner.own', params: own, response: z.object({ items: z.array(testSchema) }), summary: 'The last connection tests of an own destination, newest first, each with what came of it.' })
  async tested(@Param('destination') id: string, @Who() who: SignedIn) {
    return { items: await this.tests.of(this.ownOf(who, id).id) };
  }

  @Post(':destination/tests')
  @Door({
    action: 'partner.own', status: 202, params: own, response: z.object({ id: z.string(), means: z.enum(['notice', 'probe']) }), refusals: ['TEST_THROTTLED', 'STORE_BUSY'],
    summary: 'Test the connection to an own destination: with a notice of fixed words, marked as a test, where that can be seen by nobody or this is a drill; else with a probe.',
  })
  async test(@Param('destination') id: string, @Who() who: SignedIn) {
    const destination = this.ownOf(who, id);
    const means = testMeansOf(destination, channelByKind(destination.channel));
    return { id: await this.tests.ask(destination, means, who.officer.id), means };
  }

  @Post(':destination/secrets/:secret/rotate')
  @Door({
    action: 'partner.own', params: own, body: proof, response: rotatedSchema,
    summary: 'A new signing secret, told this once; the one before it stays valid for a day. Needs a fresh one-time code.',
    refusals: [...STEP_UP_REFUSALS, 'SECRET_BEING_REPLACED', 'STORE_BUSY'],
  })
  async rotate(@Param('destination') id: string, @Param('secret') name: string, @Body() given: z.output<typeof proof>, @Who() who: SignedIn) {
    const destination = this.ownSecret(who, id, name);
    await this.accounts.stepUp(who, given, { for: 'secret', destination: destination.id, secret: name });
    const secret = newWebhookSecret();
    const previousUntil = await this.secrets.rotate(destination.id, name, secret, who.officer.id);
    await this.house.book.refresh();
    return { secret, generation: this.house.book.stateOf(destination.id, name).generation, previousUntil };
  }

  @Post(':destination/secrets/:secret/retire')
  @Door({
    action: 'partner.own', status: 204, params: own, body: z.strictObject({ generation: z.int().min(1) }), refusals: ['STORE_BUSY'],
    summary: 'Ends at once what is left of the day of the secret before this generation. Said again it changes nothing.',
  })
  async retire(@Param('destination') id: string, @Param('secret') name: string, @Body() { generation }: { generation: number }, @Who() who: SignedIn): Promise<void> {
    const destination = this.ownSecret(who, id, name);
    if (await this.secrets.retire(destination.id, name, generation, who.officer.id)) await this.house.book.refresh();
  }

  /** A destination in force that the account answers for. Throws ROUTE_MISSING. */
  private ownOf({ officer }: SignedIn, id: string): Destination {
    const destination = officer.destinations?.some((mine) => mine === id) ? this.house.configuration.destinations.find((d) => d.id === id) : undefined;
    if (!destination) throw fail('ROUTE_MISSING');
    return destination;
  }

  private ownSecret(who: SignedIn, id: string, name: string): Destination {
    const destination = this.ownOf(who, id);
    if (!secretsOf(destination).includes(name)) throw fail('ROUTE_MISSING');
    return destination;
  }

  private shown(destination: Destination, health: ReadonlyMap<DestinationId, PartnerHealth>) {
    const { id, name, mode, channel } = destination;
    const { book, environment } = this.house;
    const origin = environment.FINDME_PUBLIC_URL.replace(/\/+$/, '');
    const { breakers, probes, lastAcceptedAt, openErasures } = health.get(id) ?? UNHEARD;
    return {
      id, name, mode, channel, airs: this.airs(destination), simulated: destination.simulated === true, tests: testMeansOf(destination, channelByKind(channel)),
      feeds: {
        all: `${origin}/feeds/${mode}/cap.atom`, events: `${origin}/feeds/${mode}/events`,
        languages: LANGUAGES.map((language) => ({ language, url: `${origin}/feeds/${mode}/${language}/cap.atom` })),
      },
      secrets: secretsOf(destination).map((secret) => ({ name: secret, ...book.stateOf(id, secret) })),
      routes: routesOf(destination).map((route, n) => ({ route: routeName(id, n), channel: route.channel, breaker: null, changedAt: null, ...breakers.get(routeName(id, n)), lastProbe: probes.get(routeName(id, n)) ?? null })),
      lastAcceptedAt, openErasures,
    };
  }

  private airs({ channel, settings }: Destination): boolean {
    return channelByKind(channel).airing?.(settings) !== undefined;
  }
}
