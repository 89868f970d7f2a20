import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { holdLifeline } from '#apps/findme/lifeline.js';
import { processLog } from '#apps/log.js';
import { catalog } from '#channels/catalog.js';
import { readConfiguration } from '#config/configuration.js';
import { readPartnersEnvironment } from '#config/environment.js';
import { secretsIn } from '#config/secrets.js';
import { startCast } from './cast.js';
import { CAST, PartnersController } from './partners.controller.js';

const log = processLog('partners');
const environment = readPartnersEnvironment(process.env);
const cast = await startCast(readConfiguration(environment.FINDME_CONFIG, catalog).destinations, secretsIn(environment.FINDME_SECRETS), environment.FINDME_PUBLIC_URL);

@Module({ controllers: [PartnersController], providers: [{ provide: CAST, useValue: cast }] })
class PartnersModule {}

const app = await NestFactory.create<NestFastifyApplication>(PartnersModule, new FastifyAdapter(), { logger: false, abortOnError: false });
// Loopback only: whoever reaches this can make trouble.
await app.listen(environment.FINDME_PARTNERS_PORT, '127.0.0.1');

const lifeline = holdLifeline(async () => {
  log.event('app.stopping', { cause: 'asked' });
  await app.close();
  await Promise.all([...cast.values()].map((partner) => partner.close()));
});
log.event('app.started', { port: environment.FINDME_PARTNERS_PORT });
lifeline.ready();
