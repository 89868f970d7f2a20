import type { Channel, Connection, Destination, Line } from '#dispatch/channel.js';
import { HttpsConnection } from '#dispatch/https/connection.js';
import { endpointOf } from '#dispatch/outgoing.js';
import { outcomeOf } from './answer.js';
import { capPushSettings, type CapPushSettings } from './config.js';
import { exhibits, preview } from './encode.js';
import { readSeal, SignedNotices } from './signed-notices.js';

/** Signed CAP 1.2, pushed over HTTPS and acknowledged in CAP. Its connections share what they sign. */
export function createCapPush(signed = new SignedNotices()): Channel<CapPushSettings> {
  return {
    kind: 'cap-push',
    settings: capPushSettings,
    // The partner tells repetitions by `Idempotency-Key` and by the CAP identifier, which never changes.
    resend: () => 'safe',
    // CAP `expires` ends a message by itself.
    lapses: true,
    connectsTo: ({ url }) => [endpointOf(url)],
    parts: () => 1,
    preview,
    exhibits,
    airing: ({ airs }) => (airs ? 'awaited' : undefined),
    // CAP status Test.
    tests: () => 'unseen',
    receiptSecrets: ({ secret }) => [secret],
    open: (destination, line) => openCapPush(destination, line, signed),
  };
}

export const capPush: Channel<CapPushSettings> = createCapPush();

/** Throws a refusal when a secret is missing or no key: a fault of the configuration, not of the partner. */
function openCapPush(destination: Destination<CapPushSettings>, line: Line, signed: SignedNotices): Connection {
  const { sender, signingKey, signingCertificate } = destination.settings;
  const seal = readSeal(line.secret(signingKey), line.secret(signingCertificate));
  return new HttpsConnection(destination, line, {
    pack: ({ notice, photo }) => ({
      method: 'POST',
      headers: { 'Content-Type': 'application/cap+xml', Accept: 'application/cap+xml' },
      body: signed.bytesOf(notice, sender, seal, photo),
    }),
    judge: (answer, { notice }) => outcomeOf(answer, sender, notice.identifier, line.clock.now()),
  });
}
