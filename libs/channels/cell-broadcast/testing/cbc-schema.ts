import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { standard } from '#cap/testing/schema.js';

type Json = Record<string, unknown>;

/** Where the centre's own schemas lie, if they are here. */
export const CBC_SCHEMAS = [standard('cbc.schema.json'), standard('smscb.schema.json')] as const;

/**
 * The schema of `cbc_message` with what is wrong in it put right, each by itself so that nothing else is changed: its text is
 * no JSON (a bracket), a name in `required` is not the property's, two `required` and a type stand where a schema belongs,
 * and references leave out the slash. Draft 4 asks nothing here that a later draft reads otherwise.
 */
export function cbcMessageSchema(): (message: unknown) => string[] {
  const [cbc, smscb] = CBC_SCHEMAS.map((path) => readFileSync(path, 'utf8'));
  const text = (schema: string): string => schema
    .replace('[ "scope", "smscb" }', '["scope", "smscb_message"]')
    .replace(/"smscb\.schema\.json#definitions\//g, '"#/definitions/')
    .replace('"emergency_user_alert": "boolean"', '"emergency_user_alert": { "type": "boolean" }')
    .replace('"popup_on_display": "boolean"', '"popup_on_display": { "type": "boolean" }')
    .replace(/,\s*"required": \[ "dcs", "pages" \]\s*\}/, '}, "required": ["dcs", "pages"]');
  const definitions = [cbc, smscb].map((schema) => (JSON.parse(text(schema ?? '')) as { definitions: Json }).definitions);
  const ajv = new Ajv({ strict: false, allErrors: true });
  const validate = ajv.compile({ definitions: Object.assign({}, ...definitions) as Json, $ref: '#/definitions/cbc_message' });
  return (message) => (validate(message) ? [] : (validate.errors ?? []).map(({ instancePath, message: words }) => `${instancePath}: ${words}`));
}

/**
 * A message as the schema writes it. The program reads a variant as an object with the variant's name, `{ serial_nr: {
 * serial_nr_encoded: 1 } }`; its schema has the value in that place.
 */
export function asSchemaHasIt(message: { readonly smscb_message: { readonly serial_nr: object; readonly payload: object } }): unknown {
  const { serial_nr, payload, ...rest } = message.smscb_message;
  return { ...message, smscb_message: { ...rest, serial_nr: Object.values(serial_nr)[0] as unknown, payload: Object.values(payload)[0] as unknown } };
}
