import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { openHouse } from '#apps/composition.js';
import { holdLifeline } from '#apps/findme/lifeline.js';
import { DispatcherModule } from './dispatcher.module.js';
import { refuseRewoundHistory } from './history.js';
import { Work } from './work.js';

const house = await openHouse('dispatcher', process.env);
// Before anything can be sent, and before the queue begins to wake what a restored backup remembers.
await refuseRewoundHistory(house.source, house.environment.FINDME_CHECKPOINTS);
const app = await NestFactory.create<NestFastifyApplication>(DispatcherModule.of(house), new FastifyAdapter(), { logger: false, abortOnError: false });
const work = app.get(Work);

const lifeline = holdLifeline(async () => {
  house.log.event('app.stopping', { cause: 'asked' });
  // Work first: Nest would close the queue under jobs that still run.
  await work.stop();
  await app.close();
  await house.close();
});

await app.listen(house.environment.FINDME_DISPATCHER_PORT, house.environment.HOST);
await work.start();
await house.book.watch(house.environment.DATABASE_URL);
const { port } = app.getHttpServer().address() as { port: number };
house.log.event('app.started', { port });
lifeline.ready({ FINDME_DISPATCHER_PORT: String(port) });
