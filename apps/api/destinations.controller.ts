import { Body, Controller, Get, Inject, Post } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { catalog } from '#channels/catalog.js';
import { routeName, routesOf } from '#dispatch/channel.js';
import type { SignedIn } from '#identity/accounts.js';
import { PgPartnerStore } from '#storage/partner-store.js';
import { ConnectionTrials } from './connection-trial.js';
import { proposedDestination, readProposed, secretValues } from './destination-change-kinds.js';
import { Door, Who } from './door.js';
import { probeSchema } from './partner-desk.controller.js';
import { HOUSE } from './parts.js';

const instant = z.iso.datetime();
const settings = z.unknown();
const destinationSchema = z.object({
  id: z.string(), name: z.string(), mode: z.enum(['drill', 'live']), channel: z.string(), simulated: z.boolean(), enabled: z.boolean(), settings,
  fallbacks: z.array(z.object({ channel: z.string(), settings })),
  /** Null where it stands as in the configuration file. */
  changedAt: instant.nullable(), lastAcceptedAt: instant.nullable(), openErasures: z.int(),
  routes: z.array(z.object({ route: z.string(), channel: z.string(), breaker: z.enum(['closed', 'open', 'half-open']).nullable(), changedAt: instant.nullable(), lastProbe: probeSchema.nullable() })),
}).meta({ id: 'Destination' });
export type DestinationShown = z.infer<typeof destinationSchema>;
const channelSchema = z.object({ kind: z.string(), schema: z.record(z.string(), z.unknown()) }).meta({ id: 'ChannelForm' });
export type ChannelForm = z.infer<typeof channelSchema>;
const trial = z.strictObject({ destination: proposedDestination, secrets: secretValues.default({}) });
const trialAnswer = z.object({ routes: z.array(z.object({ channel: z.string(), well: z.boolean(), reason: z.string().nullable(), ms: z.int() })) });
export type TrialAnswer = z.infer<typeof trialAnswer>;

/** Destinations as administrators keep them. Changes are proposed and confirmed at `/v1/changes`: `destination.set`, `.disable`, `.enable`. */
@Controller('v1/destinations')
export class DestinationsController {
  private readonly trials: ConnectionTrials;
  private forms: readonly ChannelForm[] | undefined;

  constructor(@Inject(HOUSE) private readonly house: House, private readonly partners: PgPartnerStore) {
    this.trials = new ConnectionTrials(house);
  }

  @Get()
  @Door({ action: 'destination.read', response: z.object({ items: z.array(destinationSchema) }), summary: 'All destinations, disabled ones too, with their routes and how they are. Settings name secrets and hold none.' })
  async list() {
    const known = this.house.book.known();
    const health = await this.partners.health(known.map(({ id }) => id));
    return {
      items: known.map(({ id, destination, enabled, changedAt }) => {
        const { name, mode, channel, simulated = false, settings: own, fallbacks = [] } = destination;
        const { breakers, probes, lastAcceptedAt = null, openErasures = 0 } = health.get(id) ?? {};
        const routes = routesOf(destination).map((route, n) => ({ route: routeName(id, n), channel: route.channel, breaker: null, changedAt: null, ...breakers?.get(routeName(id, n)), lastProbe: probes?.get(routeName(id, n)) ?? null }));
        return { id, name, mode, channel, simulated, enabled, settings: own, fallbacks, changedAt, lastAcceptedAt, openErasures, routes };
      }),
    };
  }

  @Get('channels')
  @Door({ action: 'destination.read', response: z.object({ items: z.array(channelSchema) }), summary: 'Every channel with the JSON Schema of its settings, for forms.' })
  channels() {
    return {
      items: this.forms ??= catalog.map(({ kind, settings: schema }) => ({ kind, schema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) })),
    };
  }

  @Post('trial')
  @Door({
    action: 'destination.manage', body: trial, response: trialAnswer, refusals: ['CHANGE_INVALID', 'ADDRESS_REFUSED', 'CHANNEL_UNKNOWN', 'CONFIGURATION_INVALID', 'STORE_BUSY'],
    summary: 'Ask a destination that is proposed whether it is well, over each of its routes. Publishes nothing and changes nothing.',
  })
  async probe(@Body() { destination, secrets }: z.output<typeof trial>, @Who() { officer }: SignedIn) {
    const before = this.house.book.known().find(({ id }) => id === destination.id);
    return { routes: await this.trials.probe(officer.id, readProposed(this.house, destination, before?.destination.simulated === true), secrets, before?.destination) };
  }
}
