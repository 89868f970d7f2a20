import { Cards } from '#alerts/pictures/cards.js';
import type { Message } from '#dispatch/channel.js';
import type { EmailSettings } from './config.js';
import { isEnding } from './encode.js';

/** The poster is for printing; a mail does not wait for it any longer, in milliseconds. */
const PATIENCE_MS = 4_000;
/** One drawing for all newsrooms of a notice, for a minute. */
const cards = new Cards();

/**
 * The poster of a notice for a newsroom: the portrait card in its first language. Nothing where there is none: for an ending, where
 * the words do not fit the card whole, where it would be too large for the mail, or is not drawn in time. The mail goes all the same.
 */
export async function posterOf({ notice, photo }: Pick<Message, 'notice' | 'photo'>, { poster, languages, audience }: EmailSettings, signal: AbortSignal): Promise<Buffer | undefined> {
  const [language] = languages;
  if (!poster || audience || isEnding(notice) || language === undefined) return undefined;
  let stop: () => void = () => undefined;
  const late = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  const timer = setTimeout(stop, PATIENCE_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const drawn = await Promise.race([cards.of(notice, 'portrait', language, photo), late]);
    return drawn && 'bytes' in drawn && drawn.bytes.length <= poster.maxBytes ? drawn.bytes : undefined;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
