import type { Fault } from '#kernel/errors.js';
import type { Notice } from '#alerts/notice.js';
import { layCard } from '#alerts/pictures/card.js';
import { crawlOf } from '#alerts/pictures/crawl.js';
import type { Message, Preview } from '#dispatch/channel.js';
import type { CasparcgSettings } from './config.js';

/** Letters of the crawl and the card together that anyone can take in while they are on the air. */
const LONGEST = 2_000;

/** Name of a message's media: the alert and our key, by which it is found on the air and in the folder. */
export const mediaName = ({ key, notice }: Pick<Message, 'key' | 'notice'>): string => `${notice.alertId}-${key}-${notice.kind}`;

/** A parameter of AMCP in quotation marks (AMCP protocol 2.1, escape sequences). */
export const quoted = (text: string): string => `"${text.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, ' ').replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

/** The commands that put a card on the air for a number of seconds, with its voice and crawl where there are any; the first is the card. */
export function airCommands(message: Pick<Message, 'key' | 'notice'>, seconds: number, withVoice: boolean, settings: CasparcgSettings): readonly string[] {
  const { videoChannel, layer, mediaPrefix, framesPerSecond, crawlTemplate, language } = settings;
  const media = quoted(`${mediaPrefix}${mediaName(message)}`);
  const crawl = crawlTemplate === undefined ? [] : [`CG ${videoChannel}-${layer + 2} ADD 1 ${quoted(crawlTemplate)} 1 ${quoted(JSON.stringify({ f0: crawlOf(message.notice, [language]).text }))}`];
  return [
    `PLAY ${videoChannel}-${layer} ${media} LENGTH ${Math.ceil(seconds * framesPerSecond)}`,
    // The playout itself takes the card off when its time is over: it does not stay on the air because we went away.
    `LOADBG ${videoChannel}-${layer} EMPTY AUTO`,
    ...(withVoice ? [`PLAY ${videoChannel}-${layer + 1} ${quoted(`${mediaPrefix}${mediaName(message)}-voice`)}`] : []),
    ...crawl,
  ];
}

/** The commands that clear all that an airing put on the air. */
export const clearCommands = ({ videoChannel, layer }: CasparcgSettings): readonly string[] => [0, 1, 2].map((above) => `CLEAR ${videoChannel}-${layer + above}`);

/** What stands on the card and runs along its foot; faults where the card does not take it whole. */
export function preview(notice: Notice, { language, seconds, crawlTemplate }: CasparcgSettings): readonly Preview[] {
  const { headline, full, short } = notice.texts[language];
  const text = `${headline}\n${full}\n${short}`;
  const length = [...text].length;
  const faults: Fault[] = [...layCard(notice, 'television', language, notice.photo !== undefined).faults];
  if (length > LONGEST && !faults.some(({ code }) => code === 'TEXT_TOO_LONG')) faults.push({ code: 'TEXT_TOO_LONG', field: `texts.${language}.full`, detail: `${length} of ${LONGEST} characters.` });
  const crawl = crawlTemplate === undefined ? undefined : crawlOf(notice, [language]);
  return [{
    language, encoding: 'UTF-8', text, length, limit: LONGEST, unit: 'characters', segments: 1, faults,
    // The voice may take longer, and then the card stays as long as it speaks.
    fields: { 'least seconds': String(Math.max(seconds, crawl?.seconds ?? 0)), ...(crawl && { crawl: crawl.text, 'crawl seconds': String(crawl.seconds) }) },
  }];
}
