import { applyDecorators, createParamDecorator, HttpCode, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ErrorCode } from '#kernel/errors.js';
import type { Action } from '#identity/officer.js';
import type { SignedIn } from '#identity/accounts.js';

/** What a route asks and answers. One decorator guards it, checks what comes in, and documents it. */
export interface DoorOptions {
  /** Who may enter: officers who may do the action, any officer in a session, or anyone. */
  readonly action: Action | 'session' | 'anyone';
  /** Asked by screens on their own: does not keep a session open. */
  readonly passive?: boolean;
  /** One sentence, for the document. */
  readonly summary: string;
  /** Schemas of path parameters beyond those of `PATH_PARAMETERS`. A value that does not fit is no address of ours. */
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** `core`: the body goes on as it came, because the core names faults more exactly than a schema can. */
  readonly judgedBy?: 'door' | 'core';
  /** `picture`: the body is the octets of an image; `text`: those of another document; `form`: the fields of a page's form, or nothing. */
  readonly takes?: 'json' | 'picture' | 'text' | 'form';
  /** Request headers that mean something here, for the document. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Schema of the answer, or its media type where it is no JSON. */
  readonly response?: z.ZodType | string;
  /** Status of the answer; 200 unless it is given. */
  readonly status?: number;
  /** Refusals of its own, beyond those that every such door may give. */
  readonly refusals?: readonly ErrorCode[];
}

const DOOR = Symbol('door');

/** Opens a method of a controller to requests. A route without it is refused, and the application does not start. */
export function Door(options: DoorOptions): MethodDecorator {
  return applyDecorators(SetMetadata(DOOR, options), HttpCode(options.status ?? 200));
}

/** The door of a handler, if it has one. */
export function doorOf(handler: object): DoorOptions | undefined {
  return Reflect.getMetadata(DOOR, handler) as DoorOptions | undefined;
}

/** Path parameters that mean the same wherever they stand. */
export const PATH_PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  mode: z.enum(['drill', 'live']),
  id: z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
};

/** A request as it goes through the door. */
export interface DoorRequest extends FastifyRequest {
  /** Who asks; set by the gate wherever a session is needed. */
  signedIn?: SignedIn;
  /** The octets of a JSON or text body, for signatures over it. */
  rawBody?: Buffer;
}

/** Parameter of a handler: the officer in their session. */
export const Who = createParamDecorator((_: unknown, context: ExecutionContext): SignedIn => {
  const { signedIn } = context.switchToHttp().getRequest<DoorRequest>();
  if (!signedIn) throw new Error('a handler behind a door for anyone asks who came in');
  return signedIn;
});
