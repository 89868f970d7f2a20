import type { Channel } from '#dispatch/channel.js';
import { HttpsConnection } from '#dispatch/https/connection.js';
import { outcomeOf } from './answer.js';
import { namesOf } from './common.js';
import { datex2Settings, type Datex2Settings } from './config.js';
import { encode, exhibits, preview, snapshots } from './encode.js';

/** DATEX II v3.5 pushed to a traffic centre, which confirms each of its signs. */
export const datex2: Channel<Datex2Settings> = {
  kind: 'datex2',
  settings: datex2Settings,
  // The same version of the same record has one effect, however often it comes.
  resend: () => 'safe',
  // A situation ends by its validity, but what a sign shows stays until it is blanked.
  lapses: false,
  parts: () => 1,
  preview,
  exhibits,
  snapshots,
  receiptSecrets: ({ secret }) => [secret],
  open: (destination, line) => new HttpsConnection(destination, line, {
    pack: ({ notice }) => ({
      method: 'POST',
      headers: { 'Content-Type': 'application/xml', Accept: 'application/xml' },
      body: Buffer.from(encode(notice, destination.settings)),
    }),
    judge: (answer, { notice }) => {
      const { record, version } = namesOf(notice);
      return outcomeOf(answer, { kind: 'accepted', references: [`${record}/${version}`], expectedReceipts: destination.settings.signs.length }, line.clock.now());
    },
  }),
};
