import { documentChannel } from '#dispatch/https/document-channel.js';
import { outcomeOf } from './answer.js';
import { namesOf } from './common.js';
import { datex2Settings } from './config.js';
import { encode, preview, snapshots } from './encode.js';

/** DATEX II v3.5 pushed to a traffic centre, which confirms each of its signs. */
export const datex2 = documentChannel({
  kind: 'datex2',
  settings: datex2Settings,
  // A situation ends by its validity, but what a sign shows stays until it is blanked.
  lapses: false,
  name: 'datex2.xml',
  preview,
  write: encode,
  snapshots,
  judge: (answer, notice, { signs }, now) => {
    const { record, version } = namesOf(notice);
    return outcomeOf(answer, { kind: 'accepted', references: [`${record}/${version}`], expectedReceipts: signs.length }, now);
  },
});
