import type { Fault } from '#kernel/errors.js';
import type { AlertId } from '#kernel/ids.js';
import type { Notice } from '#alerts/notice.js';
import { spokenText } from '#alerts/speech.js';
import type { Message, Preview } from '#dispatch/channel.js';
import type { LiquidsoapSettings } from './config.js';

/** Name of the audio file of a message. It begins with the alert, so that all files of a case are found when it ends. */
export const fileName = (alertId: AlertId, key: string): string => `${alertId}.${key}.wav`;

/**
 * The request for one airing, as `<queue>.push` takes it: our key and the alert to find it by, what kind of notice it is, and
 * the written notice as the title, which streams and receivers show.
 */
export function requestFor({ key, notice }: Pick<Message, 'key' | 'notice'>, { folder, folderAtPlayout = folder, languages }: LiquidsoapSettings): string {
  const title = notice.texts[languages[0]!].headline;
  const annotations = { alert_key: key, alert_id: notice.alertId, alert_kind: notice.kind, title };
  const list = Object.entries(annotations).map(([name, value]) => `${name}="${quoted(value)}"`).join(',');
  return `annotate:${list}:${folderAtPlayout.replace(/\/$/, '')}/${fileName(notice.alertId, key)}`;
}

/** A command is one line, and a value stands in quotes. */
const quoted = (value: string): string => value.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/["\\]/g, '\\$&');

/** Reads `name="value"` lines, as `request.metadata` answers them. Later ones of a name win. */
export function readMetadata(answer: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of answer.split(/\r?\n/)) {
    const [, name, value] = /^([A-Za-z0-9_.]{1,60})="(.*)"$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) found.set(name, value.replace(/\\(["\\])/g, '$1'));
  }
  return found;
}

/** The words that are spoken in each language. */
export function preview(notice: Notice, { languages, longestText }: LiquidsoapSettings): readonly Preview[] {
  return languages.map((language) => {
    const text = spokenText(notice, language);
    const length = [...text].length;
    const faults: Fault[] = length > longestText ? [{ code: 'TEXT_TOO_LONG', field: `texts.${language}.short`, detail: `${length} of ${longestText} spoken characters.` }] : [];
    return { language, encoding: 'UTF-8', text, length, limit: longestText, unit: 'characters', segments: 1, faults, fields: { title: notice.texts[languages[0]!].headline } };
  });
}
