import { createHash } from 'node:crypto';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import type { Preview } from '#dispatch/channel.js';
import { PAYLOAD_LIMIT } from './encryption.js';

/** Room for our key of a message, which a preview does not know yet. */
const KEY_ROOM = 64;
const isEnding = ({ kind }: Pick<Notice, 'kind'>) => kind === 'found' || kind === 'withdrawn';

/** What the service worker gets (apps/api/public/sw.js). */
interface Payload {
  readonly v: 1;
  /** Our key of the message. */
  readonly id: string;
  /** Names the notification: a later one of the same alert takes the place of an earlier one. */
  readonly tag: string;
  /** An earlier one that comes late does not take the place of a later one. */
  readonly revision: number;
  readonly kind: Notice['kind'];
  readonly mode: Notice['mode'];
  readonly lang: Language;
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly image?: string;
}

/**
 * The Topic of an alert's messages (RFC 8030 section 5.4: at most 32 characters of base64url): a push service keeps only
 * the newest of them for a browser that is away. Says nothing of the alert to who does not know it.
 */
export function topicOf(notice: Pick<Notice, 'alertId'>): string {
  return createHash('sha256').update(`web-push topic ${notice.alertId}`).digest('base64url').slice(0, 32);
}

/** Seconds for which a push service keeps the message for a browser that is away: until the alert ends (RFC 8030 section 5.2). */
export function ttlOf({ expires }: Pick<SentNotice, 'expires'>, now: Date): number {
  return Math.max(0, Math.floor((Date.parse(expires) - now.getTime()) / 1000));
}

function payloadOf(notice: Notice, language: Language, key: string): Payload {
  const { revision, kind, mode, url, photo, texts } = notice;
  const { headline, short } = texts[language];
  return {
    v: 1, id: key, tag: topicOf(notice), revision, kind, mode, lang: language, title: headline, body: short, url,
    ...(photo && !isEnding(notice) && { image: `${url}/photo/${photo.sha256}.jpg` }),
  };
}

/** The payload in every language. */
export function encodePayloads(notice: Notice, key: string): ReadonlyMap<Language, Buffer> {
  return new Map(LANGUAGES.map((language) => [language, Buffer.from(JSON.stringify(payloadOf(notice, language, key)))]));
}

/** What a notification shows in each language: its title and, after a line's end, its text. */
export function previewPush(notice: Notice): Preview[] {
  return LANGUAGES.map((language) => {
    const payload = payloadOf(notice, language, ' '.repeat(KEY_ROOM));
    const text = `${payload.title}\n${payload.body}`;
    const length = Buffer.byteLength(text);
    // All that is not words: names of fields, addresses, and what JSON writes with a backslash.
    const limit = PAYLOAD_LIMIT - (Buffer.byteLength(JSON.stringify(payload)) - length);
    return {
      language, encoding: 'UTF-8', text, length, limit, unit: 'octets', segments: 1,
      fields: { title: payload.title, body: payload.body, url: payload.url, tag: payload.tag, ...(payload.image !== undefined && { image: payload.image }) },
      faults: [
        ...(length > limit ? [{ code: 'TEXT_TOO_LONG' as const, field: `texts.${language}.short`, detail: `At most ${limit} octets with the headline.` }] : []),
        ...(/\p{Surrogate}/u.test(text) ? [{ code: 'TEXT_NOT_ENCODABLE' as const, field: `texts.${language}` }] : []),
      ],
    };
  });
}
