import { documentChannel } from '#dispatch/https/document-channel.js';
import { outcomeOf } from './answer.js';
import { siriSxSettings } from './config.js';
import { encode, preview, situationOf, snapshots } from './encode.js';

/** SIRI 2.1 situation exchange pushed to the screens of rail and bus stations, each of which is confirmed. */
export const siriSx = documentChannel({
  kind: 'siri-sx',
  settings: siriSxSettings,
  // `PublicationWindow` ends what screens show.
  lapses: true,
  name: 'siri.xml',
  preview,
  write: encode,
  snapshots,
  judge: (answer, notice, { stations }, now) => {
    const { number, version } = situationOf(notice);
    return outcomeOf(answer, notice.identifier, { kind: 'accepted', references: [`${number}/${version}`], expectedReceipts: stations.length }, now);
  },
});
