import { z } from 'zod';
import type { House } from '#apps/composition.js';
import type { KnownDestination } from '#apps/partner-book.js';
import { catalog, channelByKind } from '#channels/catalog.js';
import { destinationFields, readDestination } from '#config/configuration.js';
import { secretPurpose } from '#storage/secret-store.js';
import { routesOf, type Destination } from '#dispatch/channel.js';
import { changeKind, type ChangeKind, type Json, type JsonObject } from '#identity/change.js';
import { canonicalJson } from '#kernel/canonical.js';
import { fail, refuseAny, Refusal } from '#kernel/errors.js';
import { openOnTrial } from './connection-trial.js';

const json: z.ZodType<Json> = z.json();
const { simulated: _, settings: _settings, fallbacks: _fallbacks, ...fields } = destinationFields;
export const proposedDestination = z.strictObject({ ...fields, settings: json, fallbacks: z.array(z.strictObject({ channel: z.string().min(1), settings: json })).max(4).optional() });
/** A destination as somebody proposes it. */
export type ProposedDestination = z.infer<typeof proposedDestination>;
/** Secrets by the names that the settings have for them. */
export const secretValues = z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/), z.string().min(1).max(20_000)).refine((all) => Object.keys(all).length <= 20);
const named = z.strictObject({ id: fields.id });

/**
 * What administrators change about destinations: add or change one (`destination.set`), disable one, enable it again. Secrets
 * that are named and not there yet come with the proposal, and are sealed for this destination alone.
 */
export function destinationChangeKinds(house: House) {
  const present = (id: string) => house.book.known().find((d) => d.id === id);
  const mustBe = (id: string, enabled: boolean) => {
    const found = present(id);
    if (!found || found.enabled !== enabled) throw fail('DESTINATION_MISSING', 'payload.id');
    return found;
  };
  return {
    'destination.set': changeKind({
      payload: proposedDestination.transform((input) => input as unknown as JsonObject & ProposedDestination),
      secret: secretValues,
      prepare: async (payload, secrets = {}) => {
        const before = present(payload.id)?.destination;
        if (before && before.mode !== payload.mode) throw fail('DESTINATION_WORLD', 'payload.mode');
        const simulated = before?.simulated === true;
        const destination = readProposed(house, payload, simulated);
        // Opened and closed: a secret that is missing, or no key, is found now and not in the hour of an alert.
        await openOnTrial(house, destination, secrets, () => Promise.resolve());
        const regroups = before !== undefined && canonicalJson(groupsOf(before)) !== canonicalJson(groupsOf(destination));
        return { subject: `destination:${payload.id}`, kept: { simulated, regroups } };
      },
      complete: (payload, secrets = {}) => Promise.resolve({
        given: {
          secrets: Object.entries(secrets).map(([name, value]) => {
            const generation = house.book.stateOf(payload.id as Destination['id'], name).generation + 1;
            return { name, generation, sealed: house.masterKey.seal(Buffer.from(value, 'utf8'), secretPurpose(payload.id, name, generation)).toString('base64') };
          }),
        },
      }),
      facts: ({ id, channel, mode }) => [{ type: 'destination.changed', body: { destination: id, channel, mode, enabled: true } }],
    }),
    'destination.disable': changeKind({
      payload: named, prepare: ({ id }) => Promise.resolve().then(() => ({ subject: `destination:${id}`, kept: { document: documentOf(mustBe(id, true)) } })),
      facts: ({ id }, { kept }) => [changed(id, kept, false)],
    }),
    'destination.enable': changeKind({
      payload: named,
      prepare: async ({ id }) => {
        const found = mustBe(id, false);
        // As for one that is set: what cannot be opened is found now.
        await openOnTrial(house, found.destination, {}, () => Promise.resolve());
        return { subject: `destination:${id}`, kept: { document: documentOf(found) } };
      },
      // What comes into force is what they saw, also where the configuration file has been changed since.
      complete: ({ id }, _, { kept }) => Promise.resolve().then(() => {
        if (canonicalJson(documentOf(mustBe(id, false))) !== canonicalJson(kept['document']!)) throw fail('DESTINATION_MISSING', 'payload.id');
        return {};
      }),
      facts: ({ id }, { kept }) => [changed(id, kept, true)],
    }),
  } satisfies Record<string, ChangeKind>;
}

/** Checks a proposed destination by its channels' own schemas, and its addresses. Throws CHANGE_INVALID or ADDRESS_REFUSED for every field that does not fit. */
export function readProposed({ outgoing, book }: Pick<House, 'outgoing' | 'book'>, proposed: ProposedDestination, simulated: boolean): Destination {
  try {
    const destination = readDestination({ ...proposed, simulated }, catalog, book.mayName(proposed.id));
    refuseAny(outgoing.faultsOf(destination, channelByKind));
    return destination;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [first, ...others] = error.faults.map(({ code, field, ...rest }) => ({ ...rest, code: code === 'CONFIGURATION_INVALID' ? 'CHANGE_INVALID' as const : code, field: `payload.${field}` }));
    throw new Refusal([first!, ...others]);
  }
}

/** Whom each part of a message reaches, over each route: what must not change under an alert, or people would be left out or told twice. */
function groupsOf(destination: Destination): Json {
  return routesOf(destination).map(({ channel, settings }) => {
    const { audience = null } = settings as { audience?: Json };
    return [channel, catalog.find(({ kind }) => kind === channel)!.parts(settings), audience];
  });
}

/** What is stored of it: whole, and whether the configuration file goes on saying what it is. */
function documentOf({ destination: { id: _id, ...rest }, shipped }: KnownDestination): JsonObject {
  return JSON.parse(JSON.stringify({ ...rest, simulated: rest.simulated === true, ...(shipped && { shipped }) })) as JsonObject;
}

function changed(id: string, kept: JsonObject, enabled: boolean) {
  const { channel, mode } = kept['document'] as { channel: string; mode: 'drill' | 'live' };
  return { type: 'destination.changed' as const, body: { destination: id, channel, mode, enabled } };
}
