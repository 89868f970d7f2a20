import { drillKeys } from './keys.js';

/** What partners of specs sign their receipts with. */
export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

/**
 * The secrets of a drill with one partner, by the names that settings have for them: `drill-ca`, `drill-signing-key` and
 * `-certificate` of the house; `server-key`, `server-certificate` and `webhook` behind the partner's own name.
 */
export async function drillSecrets(partner: string): Promise<(name: string) => string> {
  const { authority, signing, server } = await drillKeys();
  const secrets = new Map([
    ['drill-ca', authority.certificate], ['drill-signing-key', signing.key], ['drill-signing-certificate', signing.certificate],
    [`${partner}-server-key`, server.key], [`${partner}-server-certificate`, server.certificate], [`${partner}-webhook`, WEBHOOK_SECRET],
  ]);
  return (name) => {
    const value = secrets.get(name);
    if (value === undefined) throw new TypeError(`no secret ${name}`);
    return value;
  };
}
