import type { Channel } from '#dispatch/channel.js';
import { HttpsConnection } from '#dispatch/https/connection.js';
import { outcomeOf } from './answer.js';
import { siriSxSettings, type SiriSxSettings } from './config.js';
import { encode, exhibits, preview, situationOf, snapshots } from './encode.js';

/** SIRI 2.1 situation exchange pushed to the screens of rail and bus stations, each of which is confirmed. */
export const siriSx: Channel<SiriSxSettings> = {
  kind: 'siri-sx',
  settings: siriSxSettings,
  // The same version of the same situation has one effect, however often it comes.
  resend: () => 'safe',
  // `PublicationWindow` ends what screens show.
  lapses: true,
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
      const { number, version } = situationOf(notice);
      return outcomeOf(answer, notice.identifier, { kind: 'accepted', references: [`${number}/${version}`], expectedReceipts: destination.settings.stations.length }, line.clock.now());
    },
  }),
};
