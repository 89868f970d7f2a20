import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import type { Exhibit, Preview } from '#dispatch/channel.js';
import type { ErasureRequest } from '#dispatch/erasure.js';
import { fail, type Fault } from '#kernel/errors.js';
import type { WebhookSettings } from './config.js';

/** What happened, as the `type` of a webhook. */
export type EventType = 'connection.tested' | 'alert.published' | 'alert.updated' | 'alert.ended' | 'erasure.requested';

const TYPES: Readonly<Record<Notice['kind'], EventType>> = { alert: 'alert.published', update: 'alert.updated', found: 'alert.ended', withdrawn: 'alert.ended' };

/**
 * The payload of a webhook that carries a notice: `type`, `timestamp` and `data`, as Standard Webhooks 1.0 ask for. The same
 * notice gives the same octets. Refuses with TEXT_NOT_ENCODABLE half a surrogate pair, which JSON would carry as an escape
 * that many readers choke on.
 */
export function encode(notice: SentNotice): Buffer {
  const { alertId, revision, mode, kind, identifier, references, sent, expires, policeTelephone, url } = notice;
  const texts = Object.fromEntries(LANGUAGES.map((language) => {
    const { headline, full, instruction, area } = notice.texts[language];
    return [language, { headline: whole(headline), text: whole(full), instruction: whole(instruction), area: whole(area) }];
  }));
  if (notice.test) return json('connection.tested', sent, { mode, identifier, sent, expires, texts });
  return json(TYPES[kind], sent, {
    alert: alertId, revision, mode, kind, identifier, references: references.map((reference) => reference.identifier), sent, expires, policeTelephone,
    page: url, cap: capAddress(notice), texts,
  });
}

/** The payload that asks a partner to erase; it says nothing of the case. */
export function encodeErasure({ id, alertId, mode, askedAt, dueAt, keys }: ErasureRequest): Buffer {
  return json('erasure.requested', askedAt.toISOString(), { request: id, alert: alertId, mode, due: dueAt.toISOString(), keys });
}

/** Where the house serves the signed CAP file of a notice: beside the folder of its page. */
export function capAddress({ url, mode, identifier }: Notice): string {
  return new URL(`../feeds/${mode}/cap/${identifier}.xml`, url).href;
}

function json(type: EventType, timestamp: string, data: object): Buffer {
  return Buffer.from(JSON.stringify({ type, timestamp, data }));
}

function whole(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw fail('TEXT_NOT_ENCODABLE', '', 'UTF-8.');
  return text;
}

/** Headline, text and instruction of each language against their limits. Nothing is shortened. */
export function preview(notice: Notice, { headlineLimit, textLimit }: WebhookSettings): readonly Preview[] {
  return LANGUAGES.flatMap((language) => [
    show(notice, language, 'headline', headlineLimit), show(notice, language, 'full', textLimit), show(notice, language, 'instruction', textLimit),
  ]);
}

function show(notice: Notice, language: Language, field: 'headline' | 'full' | 'instruction', limit: number): Preview {
  const text = notice.texts[language][field];
  const length = [...text].length;
  const at = `texts.${language}.${field}`;
  const faults: Fault[] = [];
  if (length > limit) faults.push({ code: 'TEXT_TOO_LONG', field: at, detail: `${length} of ${limit} characters.` });
  if (/\p{Surrogate}/u.test(text)) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: at, detail: 'UTF-8.' });
  return { language, encoding: 'UTF-8', text, length, limit, unit: 'characters', segments: 1, faults };
}

/** The payload. */
export function exhibits(_notice: Notice): readonly Exhibit[] {
  return [{ name: 'webhook.json', mediaType: 'application/json', make: ({ notice }) => Promise.resolve(encode(notice)) }];
}
