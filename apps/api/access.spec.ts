import { Controller, Get, Post } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { PERMISSIONS, type Action, type Role } from '#identity/officer.js';
import { Door } from './door.js';
import { Gate } from './gate.js';
import { OpenApi, type Operation } from './openapi.js';
import { createApi } from './server.js';
import { OFFICERS, Stage, type Name } from './testing/stage.js';

let stage: Stage;
let operations: { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string; operation: Operation }[];

beforeAll(async () => {
  stage = await Stage.open();
  const { json } = await stage.ask('GET', '/openapi.json');
  operations = Object.entries(json['paths'] as unknown as Record<string, Record<string, Operation>>)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, operation, method: method.toUpperCase() as (typeof operations)[number]['method'] })))
    .filter(({ path, method }) => !(/^\/v1\/sessions?$/.test(path) && method === 'DELETE'));
});
afterAll(() => stage.close());

const code = (text: string) => (text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined);
const filled = (path: string) => path.replace('{mode}', 'drill').replace('{id}', randomUUID()).replace('{route}', '0').replace(/\{\w+\}/g, 'x');

describe('default deny', () => {
  it.each([undefined, ...(Object.keys(OFFICERS) as Name[])])('%s enters where the table of permissions says so, and nowhere else', async (as) => {
    const roles: readonly Role[] = as ? OFFICERS[as] : [];
    const guarded = operations.filter(({ operation }) => operation['x-findme-action'] !== 'anyone');
    expect(guarded.length).toBeGreaterThan(20);
    for (const { method, path, operation } of guarded) {
      const action = operation['x-findme-action'];
      const allowed = as && (action === 'session' || PERMISSIONS[action as Action].some((role) => roles.includes(role)));
      const told = await stage.ask(method, filled(path), {
        // No place of any stream: its refusal shows that the door was open, and no stream begins that never ends.
        ...(as && { as }), ...(method === 'GET' ? { headers: { 'last-event-id': 'x' } } : { body: {} }),
      });
      const expected = !as ? 'SESSION_MISSING' : allowed ? 'in' : 'ROLE_MISSING';
      const denied = ['SESSION_MISSING', 'ROLE_MISSING'].find((c) => c === code(told.text));
      expect([method, path, denied ?? 'in']).toEqual([method, path, expected]);
      // A request about nothing is refused by the table, it does not break.
      if (!path.startsWith('/v1/audit')) expect([method, path, told.status]).not.toEqual([method, path, 500]);
    }
  });

  it('leaves open to anyone what carries no case, and what proves itself otherwise', () => {
    const open = operations.filter(({ operation }) => operation['x-findme-action'] === 'anyone').map(({ method, path }) => `${method} ${path}`);
    expect(open.filter((route) => / \/v1\//.test(route) && !/ \/v1\/partners\//.test(route))).toEqual([
      'POST /v1/session', 'POST /v1/session/passkey/options', 'POST /v1/session/passkey', 'POST /v1/enrolment/begin', 'POST /v1/enrolment/complete', 'GET /v1/subscriptions/web-push/key', 'POST /v1/subscriptions/web-push', 'DELETE /v1/subscriptions/web-push',
      'POST /v1/subscriptions/email',
    ]);
  });

  it('does not start with a route that has no door', async () => {
    @Controller('hole')
    class Hole {
      @Get()
      open() { return 'open'; }
    }
    await expect(createApi(stage.parts, [Hole])).rejects.toThrow('routes without a door: Hole.open');
  });

  it('refuses a route without a door even if it were there', async () => {
    const gate = new Gate(stage.parts.accounts, 'http://localhost:3000');
    const context = { getHandler: () => () => undefined } as unknown as Parameters<Gate['canActivate']>[0];
    await expect(gate.canActivate(context)).rejects.toThrow('ROLE_MISSING');
  });
});

describe('the document', () => {
  it('describes every route, with schemas that resolve and the refusals of each', async () => {
    const document = stage.app.get(OpenApi).document();
    const schemas = (document['components'] as { schemas: Record<string, unknown> }).schemas;
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) expect(Object.keys(schemas)).toContain(ref.replace('#/components/schemas/', ''));
    const approve = document.paths['/v1/{mode}/alerts/{id}/approve']!['post']!;
    expect(approve.responses['403']!.description).toBe('ROLE_MISSING, CROSS_SITE, APPROVER_IS_WRITER, STEP_UP_MISSING');
    expect(JSON.stringify(approve['requestBody'])).toContain('contentHash');
    expect(document.openapi).toBe('3.1.0');
  });

  it('can be read as a page that loads nothing but its style and mark', async () => {
    const docs = await stage.ask('GET', '/docs');
    expect(docs.text).toContain('/v1/{mode}/alerts/{id}/approve');
    expect(docs.text).not.toMatch(/<script|style=|https?:\/\//);
    expect(docs.headers['content-security-policy']).toBe("default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  });
});

describe('an answer', () => {
  it('carries the headers that keep browsers careful, on refusals too', async () => {
    for (const url of ['/v1/session', '/nowhere', '/openapi.json', '/%E0']) {
      const { headers } = await stage.ask('GET', url);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as string });
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });

  it('is a problem document for an address that is none', async () => {
    const told = await stage.ask('GET', '/nowhere');
    expect(told.headers['content-type']).toMatch('application/problem+json');
    expect(told.json).toMatchObject({ type: '/errors/ROUTE_MISSING', title: 'Route missing', status: 404, code: 'ROUTE_MISSING', retry: 'never', instance: expect.stringMatching(/^urn:uuid:/) as string });
    expect((await stage.ask('GET', '/errors/ROUTE_MISSING')).json).toMatchObject({ code: 'ROUTE_MISSING', status: 404, kind: 'missing' });
    expect((await stage.ask('GET', '/errors/constructor')).status).toBe(404);
  });

  it('tells nothing of an unforeseen error but the name under which it is on record', async () => {
    class Trouble {
      post() { throw new TypeError('quotes Kanarinka'); }
    }
    Door({ action: 'anyone', summary: 'Breaks.' })(Trouble.prototype, 'post', Object.getOwnPropertyDescriptor(Trouble.prototype, 'post')!);
    Post('trouble')(Trouble.prototype, 'post', Object.getOwnPropertyDescriptor(Trouble.prototype, 'post')!);
    Controller()(Trouble);
    const app = await createApi(stage.parts, [Trouble]);
    const answer = await app.inject({ method: 'POST', url: '/trouble' });
    await app.close();
    const { instance, code: told } = JSON.parse(answer.body) as { instance: string; code: string };
    expect([answer.statusCode, told]).toEqual([500, 'UNFORESEEN']);
    expect(answer.body).not.toContain('Kanarinka');
    expect(stage.logged.filter((l) => l.name === 'http.failed').slice(-1)).toEqual([
      { name: 'http.failed', fields: { method: 'POST', route: '/trouble', cause: 'TypeError', trace: instance.replace('urn:uuid:', '') } },
    ]);
  });

  it('is logged and counted by the pattern of its route', async () => {
    const { path, id } = await stage.written();
    await stage.ask('GET', path, { as: 'mila' });
    expect(stage.logged.at(-1)).toMatchObject({ name: 'http.request', fields: { method: 'GET', route: '/v1/:mode/alerts/:id', status: 200 } });
    const { text } = await stage.ask('GET', '/metrics');
    expect(text).toContain('findme_http_request_duration_seconds_count{method="GET",route="/v1/:mode/alerts/:id",status="200"}');
    expect(text).toMatch(/findme_alerts\{mode="drill",status="prepared"\} 1\n/);
    expect(text).toMatch(/findme_outbox_waiting 0\n/);
    expect(text).not.toContain(id);
  });
});

describe('the front page', () => {
  it('says what this is in three ways of writing, loads nothing but its style, and leads on to what is there', async () => {
    const { text } = await stage.ask('GET', '/');
    for (const lang of ['sr-Latn', 'sr-Cyrl']) expect(text).toContain(`<p lang="${lang}">`);
    expect(text).not.toMatch(/<script|style=/);
    const links = [...text.matchAll(/href="(\/[^"]*)"/g)].map((match) => match[1]!).filter((url) => !url.startsWith('/feeds/'));
    expect(links).toEqual(expect.arrayContaining(['/docs', '/openapi.json', '/errors', '/health/ready', '/style.css']));
    for (const url of links) expect([url, (await stage.ask('GET', url)).status]).toEqual([url, 200]);
  });
});

describe('health', () => {
  it('is ready, and degraded without Redis', async () => {
    expect((await stage.ask('GET', '/health/live')).json).toEqual({ status: 'live' });
    expect(await stage.ask('GET', '/health/ready')).toMatchObject({ status: 200, json: { status: 'degraded', database: 'up', redis: 'none' } });
  });
});
