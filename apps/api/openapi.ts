import { Inject, Injectable, RequestMethod } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '#kernel/errors.js';
import { doorOf, PATH_PARAMETERS, type DoorOptions } from './door.js';
import { PUBLIC_ORIGIN } from './parts.js';
import { problemSchema, STATUS } from './problem.js';
import { COOKIE } from './session-cookie.js';

/** A method of a controller as HTTP reaches it. */
export interface Route {
  /** Lower case, as OpenAPI wants it. */
  readonly method: string;
  /** `/v1/:mode/alerts/:id`. */
  readonly path: string;
  /** `AlertsController.read`, for whoever must mend it. */
  readonly name: string;
  readonly door: DoorOptions | undefined;
}

type Json = Record<string, unknown>;

export interface OpenApiDocument extends Json {
  readonly openapi: '3.1.0';
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Operation extends Json {
  readonly summary: string;
  readonly tags: readonly string[];
  /** Who may enter: the action of the permission table, `session` or `anyone`. */
  readonly 'x-findme-action': string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

/** Describes the API by its own doors, so that the description cannot say anything else than what is done. */
@Injectable()
export class OpenApi {
  private made: OpenApiDocument | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(PUBLIC_ORIGIN) private readonly origin: string,
  ) {}

  /** Every route there is, in the order of the controllers. */
  routes(): readonly Route[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => (metatype ? routesOf(metatype) : []));
  }

  /** The document, OpenAPI 3.1. */
  document(): OpenApiDocument {
    return this.made ??= this.make();
  }

  private make(): OpenApiDocument {
    const schemas: Record<string, Json> = {};
    const ref = (schema: z.ZodType, io: 'input' | 'output') => schemaOf(schema, io, schemas);
    const paths: Record<string, Record<string, Operation>> = {};
    for (const { method, path, door } of this.routes()) {
      if (door) (paths[path.replace(/:(\w+)/g, '{$1}')] ??= {})[method] = operation(method, path, door, ref);
    }
    ref(problemSchema, 'output');
    return {
      openapi: '3.1.0',
      info: {
        title: 'Find Me', version: '1',
        description: 'Urgent public notification when a child goes missing. Drill and live are different addresses. Every refusal is a problem document (RFC 9457) whose type leads to its entry in the error table.',
      },
      servers: [{ url: this.origin }],
      paths,
      components: {
        schemas,
        securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: COOKIE, description: 'Given by POST /v1/session.' } },
      },
    };
  }
}

function routesOf(controller: object & { readonly name?: string; readonly prototype?: object }): Route[] {
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name): Route[] => {
    const handler = name === 'constructor' ? undefined : Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
    if (typeof handler !== 'function') return [];
    const method = Reflect.getMetadata('method', handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    const prefixes = many(Reflect.getMetadata('path', controller));
    const ends = many(Reflect.getMetadata('path', handler));
    return prefixes.flatMap((prefix) => ends.map((end) => ({
      method: RequestMethod[method].toLowerCase(), path: join(prefix, end), name: `${controller.name ?? ''}.${name}`, door: doorOf(handler),
    })));
  });
}

const many = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [String(value ?? '')]);
const join = (...parts: string[]): string => `/${parts.flatMap((part) => part.split('/')).filter((part) => part !== '').join('/')}`;

function operation(method: string, path: string, door: DoorOptions, ref: (schema: z.ZodType, io: 'input' | 'output') => Json): Operation {
  const { action, summary, params, query, body, takes = 'json', headers = {}, response, status = 200 } = door;
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
  const type = typeof response === 'string' ? response : 'application/json';
  const content = takes === 'picture' ? { 'image/*': { schema: { type: 'string', format: 'binary' } } }
    : takes === 'form' ? { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } }
    : takes === 'text' ? { '*/*': { schema: { type: 'string' } } }
    : body && { 'application/json': { schema: ref(body, 'input') } };
  return {
    summary,
    tags: [path.split('/').filter((part) => part !== '' && part !== 'v1' && !part.startsWith(':'))[0] ?? 'pages'],
    'x-findme-action': action,
    ...(action !== 'anyone' && { security: [{ session: [] }] }),
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: ref(params?.[name] ?? PATH_PARAMETERS[name] ?? z.string(), 'input') })),
      ...(query ? queryParameters(query, ref) : []),
      ...Object.entries(headers).map(([name, description]) => ({ name, in: 'header', required: /Required\./.test(description), description, schema: { type: 'string' } })),
    ],
    ...(content && { requestBody: { required: takes !== 'form', content } }),
    responses: {
      [String(status)]: { description: summary, ...(response !== undefined && { content: { [type]: { schema: typeof response === 'string' ? { type: 'string' } : ref(response, 'output') } } }) },
      ...problems(refusalsOf(method, names, door)),
    },
  };
}

function queryParameters(query: z.ZodObject, ref: (schema: z.ZodType, io: 'input' | 'output') => Json): Json[] {
  return Object.entries(query.shape as Record<string, z.ZodType>).map(([name, schema]) => ({
    name, in: 'query', required: !schema.safeParse(undefined).success, schema: ref(schema, 'input'),
  }));
}

/** What any such door may answer, and what this one adds. */
function refusalsOf(method: string, pathParameters: readonly string[], { action, query, body, takes, refusals = [] }: DoorOptions): ErrorCode[] {
  return [...new Set<ErrorCode>([
    ...(pathParameters.length > 0 ? ['ROUTE_MISSING'] as const : []),
    ...(action === 'anyone' ? [] : ['SESSION_MISSING', 'STORE_BUSY'] as const),
    ...(action === 'anyone' || action === 'session' ? [] : ['ROLE_MISSING'] as const),
    ...(method === 'get' ? [] : ['CROSS_SITE'] as const),
    ...(query ?? body ?? takes ? ['REQUEST_INVALID'] as const : []),
    ...refusals,
  ])];
}

function problems(codes: readonly ErrorCode[]): Record<string, Json & { description: string }> {
  const byStatus: Record<string, ErrorCode[]> = {};
  for (const code of codes) (byStatus[String(STATUS[ERRORS[code].kind])] ??= []).push(code);
  return Object.fromEntries(Object.entries(byStatus).map(([status, list]) => [status, {
    description: list.join(', '), content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }]));
}

/** JSON Schema of a Zod schema; what has a name goes to the components. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, Json>): Json {
  const { $schema: _, $defs = {}, id, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' }) as Json & { $defs?: Record<string, Json> };
  for (const [name, definition] of Object.entries($defs)) {
    const { id: __, ...named } = definition;
    schemas[name] ??= placed(named) as Json;
  }
  if (typeof id !== 'string') return placed(rest) as Json;
  schemas[id] ??= placed(rest) as Json;
  return { $ref: `#/components/schemas/${id}` };
}

function placed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(placed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [
    key, key === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : placed(inner),
  ]));
}
