import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '#kernel/log.js';
import { ApiModule } from './api.module.js';
import type { DoorRequest } from './door.js';
import { Metrics } from './metrics.js';
import { OpenApi } from './openapi.js';
import type { Parts } from './parts.js';
import { MalformedRequest, problemOf } from './problem.js';
import { SlowReaders, type ReadingLimits } from './slow-readers.js';

/** A drawn area of twenty thousand corners fits. */
const BODY_LIMIT = 2 * 1024 * 1024;
/** One octet more than a photo may have, so that the photo's own rule speaks. */
const PHOTO_LIMIT = 10 * 1024 * 1024 + 1;

/** A form has an address, a language and districts. */
const FORM_LIMIT = 16 * 1024;

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  // What officers see is kept by no cache; public documents say otherwise themselves.
  'cache-control': 'no-store',
} as const;

/** The API as an application, ready to listen or to be asked in process. Throws if a route has no door. */
export async function createApi(parts: Parts, controllers?: readonly Type[], reading: Partial<ReadingLimits> = {}): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT, requestTimeout: 30_000, forceCloseConnections: 'idle', genReqId: () => randomUUID(),
    // Addresses that cannot be read are refused before any hook runs; the server's own words would quote them.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const { problem } = problemOf(error, request.id);
      void reply.status(problem.status).headers(HEADERS).type('application/problem+json').send(JSON.stringify(problem));
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.over(parts, controllers), adapter, { logger: false, bodyParser: false, abortOnError: false });
  const server = adapter.getInstance<FastifyInstance>();
  await app.register(cookie);
  takeBodies(server);
  const registered: string[] = [];
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') registered.push(`${one.toLowerCase()} ${url}`);
  });
  const secure = parts.house.environment.FINDME_PUBLIC_URL.startsWith('https:');
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(HEADERS);
    if (secure) void reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    done();
  });
  watch(server, parts.house.log, app.get(Metrics));
  dropSlowReaders(server, parts.house.log, reading);
  await app.init();
  await server.ready();
  mustHaveDoors(app.get(OpenApi), registered);
  return app;
}

/** JSON, pictures, forms, and documents that are signed as they are. Everything else is refused with 415. */
function takeBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const octets = body as Buffer;
    (request as DoorRequest).rawBody = octets;
    if (octets.length === 0) {
      done(null, undefined);
      return;
    }
    try {
      done(null, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets)));
    } catch {
      done(new MalformedRequest(400, 'body', 'The body is well-formed JSON in UTF-8.'));
    }
  });
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: FORM_LIMIT }, (_request, body, done) => { done(null, new URLSearchParams(body as string)); });
  // One-click unsubscribing may come as this (RFC 8058 section 3.2). What is asked stands in the address; the parts are not read.
  server.addContentTypeParser('multipart/form-data', { parseAs: 'buffer', bodyLimit: FORM_LIMIT }, (_request, _body, done) => { done(null, new URLSearchParams()); });
  server.addContentTypeParser(/^image\//, { parseAs: 'buffer', bodyLimit: PHOTO_LIMIT }, (_request, body, done) => { done(null, body); });
  server.addContentTypeParser(['application/xml', 'text/xml', 'application/cap+xml'], { parseAs: 'buffer' }, (request, body, done) => {
    (request as DoorRequest).rawBody = body as Buffer;
    done(null, body);
  });
}

/** Every answer is logged and counted by the pattern of its route: an address may name a case. */
function watch(server: FastifyInstance, log: Log, metrics: Metrics): void {
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const { method } = request;
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    log.event('http.request', { method, route, status: reply.statusCode, ms });
    metrics.observe({ method, route, status: reply.statusCode }, ms / 1000);
    done();
  });
}

/** Answers that go out in one piece have to be read in time; streams have a limit of their own. */
function dropSlowReaders(server: FastifyInstance, log: Log, limits: Partial<ReadingLimits>): void {
  const readers = new SlowReaders(() => { log.event('reader.dropped', { cause: 'slow' }, 'warn'); }, limits);
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) readers.begin(reply.raw, payload.length);
    done(null, payload);
  });
  server.addHook('onResponse', (_request, reply, done) => {
    readers.end(reply.raw);
    done();
  });
  server.addHook('onClose', (_server, done) => {
    readers.close();
    done();
  });
}

/** Default deny is also checked before the first request: a route nobody described is a fault of the program. */
function mustHaveDoors(openApi: OpenApi, registered: readonly string[]): void {
  const routes = openApi.routes();
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  const open = [
    ...routes.filter(({ door }) => !door).map(({ name }) => name),
    ...registered.filter((route) => !known.has(route)),
  ];
  if (open.length > 0) throw new Error(`routes without a door: ${open.join(', ')}`);
}
