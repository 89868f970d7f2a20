import { BullModule } from '@nestjs/bull';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import type { DestinationId } from '#kernel/ids.js';
import { causeOf } from '#kernel/log.js';
import { Batcher } from '#dispatch/batcher.js';
import { routeName, routesOf, type Receipt } from '#dispatch/channel.js';
import { Dispatcher } from '#dispatch/dispatcher.js';
import { Partners } from '#dispatch/partners.js';
import { PgAiringStore } from '#storage/airing-store.js';
import { PgPartnerStore } from '#storage/partner-store.js';
import { PgHeadway } from '#storage/headway-store.js';
import { unheardOf } from '#storage/unheard-view.js';
import { AiringClock, airersOf } from './airing-clock.js';
import { AIRING_QUEUE, AiringProcessor, AiringQueue } from './airing-queue.js';
import { HealthController } from './health.controller.js';
import { DISPATCHER, HOUSE, LOG } from './tokens.js';
import { WAKE_QUEUE, WakeProcessor, WakeQueue } from './wake-queue.js';
import { Work } from './work.js';

/** Composes the dispatcher. Without `REDIS_URL` there is no queue, and the sweep wakes what is due. */
@Module({})
export class DispatcherModule {
  static of(house: House): DynamicModule {
    const { REDIS_URL } = house.environment;
    const [queue, airingQueue] = REDIS_URL === undefined ? [[], []] : [[WakeQueue], [AiringQueue]];
    const parts: Provider[] = [
      { provide: HOUSE, useValue: house },
      { provide: LOG, useValue: house.log },
      { provide: Partners, useFactory: () => partnersOf(house) },
      { provide: DISPATCHER, inject: [Partners, ...queue], useFactory: (partners: Partners, wakes?: WakeQueue) => dispatcherOf(house, partners, wakes) },
      { provide: AiringClock, inject: [Partners, ...airingQueue], useFactory: (partners: Partners, wakes?: AiringQueue) => airingClockOf(house, partners, wakes) },
      { provide: Work, inject: [DISPATCHER, Partners, AiringClock, ...queue], useFactory: (d: Dispatcher, p: Partners, a: AiringClock, w?: WakeQueue) => new Work(house, d, p, a, w) },
    ];
    return {
      module: DispatcherModule,
      controllers: [HealthController],
      imports: REDIS_URL === undefined ? [] : [bull(REDIS_URL)],
      providers: REDIS_URL === undefined ? parts : [...parts, WakeQueue, WakeProcessor, AiringQueue, AiringProcessor],
    };
  }
}

function bull(redisUrl: string): DynamicModule {
  const { hostname, port, username, password, protocol } = new URL(redisUrl);
  return BullModule.registerQueue(...[WAKE_QUEUE, AIRING_QUEUE].map((name) => ({
    name,
    // The hash tag keeps all keys of the queue on one node of a Redis cluster.
    prefix: '{bull}',
    redis: {
      host: hostname, port: Number(port || 6379), ...(username && { username }), ...(password && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
      maxRetriesPerRequest: null, enableReadyCheck: false, connectTimeout: 2_000, retryStrategy: (times: number) => Math.min(times * 200, 2_000),
    },
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    // A job only wakes; running it twice is harmless, so a lapsed lock is no failure.
    settings: { maxStalledCount: 10 },
  })));
}

function partnersOf(house: House): Partners {
  const { configuration, clock, log, book, audience, outgoing, deliveries, source } = house;
  const store = new PgPartnerStore(source);
  // Receipts from all connections in few writes.
  const receipts = new Batcher<Receipt>((some) => deliveries.receive(some));
  return new Partners({
    destinations: configuration.destinations, channelOf: channelByKind, clock, log, audience, outgoing,
    secret: (name, destination) => book.secret(destination, name), secrets: (name, destination) => book.valid(destination, name),
    onProbed: (probed) => { store.probed(probed).catch((error: unknown) => log.event('store.failed', { operation: 'probes', cause: causeOf(error) }, 'error')); },
    secretsVersion: (id) => secretsVersionOf(house, id), isDisabled: (id) => book.known().some((d) => d.id === id && !d.enabled), readAgain: () => book.refresh(), headway: new PgHeadway(source, clock),
    unheard: (destination) => unheardOf(source, destination, clock.now()),
    receive: (receipt) => receipts.add(receipt),
    onBreaker: (destination, state, route) => {
      log.event('breaker.changed', { destination: routeName(destination, route), state }, 'warn');
      deliveries.breakerChanged(destination, route, state, clock.now()).catch((error: unknown) => log.event('store.failed', { operation: 'breaker', cause: causeOf(error) }, 'error'));
    },
  });
}

/** Of the secrets that connections are opened with; those that are read for every message may change while they are open. */
function secretsVersionOf({ book, configuration }: House, id: DestinationId): string {
  const destination = configuration.destinations.find((d) => d.id === id);
  const read = destination ? routesOf(destination).flatMap(({ channel, settings }) => channelByKind(channel).receiptSecrets?.(settings) ?? []) : [];
  return book.generationsOf(id).filter(({ name }) => !read.includes(name)).map(({ name, generation }) => `${name} ${generation}`).join(' ');
}

function dispatcherOf(house: House, partners: Partners, wakes?: WakeQueue): Dispatcher {
  const { deliveries, alerts, clock, log } = house;
  return new Dispatcher({
    id: randomUUID(), store: deliveries, partners, clock, log,
    notices: { notice: (id, revision) => alerts.sentNotice(id, revision), photo: (id, sha256) => alerts.photo(id, sha256) },
    wake: (id, attempt, at) => wakes?.wake(id, attempt, at),
    random: Math.random,
  });
}

function airingClockOf(house: House, partners: Partners, wakes?: AiringQueue): AiringClock {
  const { configuration, source, alerts, clock, ids, log } = house;
  return new AiringClock({
    store: new PgAiringStore(source, clock, ids), partners, clock, log, get airers() { return airersOf(configuration.destinations, channelByKind); },
    notices: { notice: (id, revision) => alerts.sentNotice(id, revision), photo: (id, sha256) => alerts.photo(id, sha256) },
    wake: (at) => wakes?.wake(at),
    random: Math.random,
  });
}
