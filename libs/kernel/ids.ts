import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;

/** A string that only its own kind of function accepts: a DeliveryId is no AlertId. */
export type Branded<Kind extends string> = string & { readonly [brand]: Kind };

export type AlertId = Branded<'alert'>;
export type OfficerId = Branded<'officer'>;
export type DeliveryId = Branded<'delivery'>;
export type FactId = Branded<'fact'>;
/** Identifier of a destination, as written in the configuration (`rts-1`). */
export type DestinationId = Branded<'destination'>;

/** Makes identifiers; handed in where they are needed so that a test can predict them. */
export interface Ids {
  next<T extends string>(): T;
}

/** Random (version 4) UUIDs. */
export const randomIds: Ids = { next: <T extends string>() => randomUUID() as string as T };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Tells whether a text is a UUID in its canonical lower-case form (RFC 9562, section 4). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
