import { fail } from '#kernel/errors.js';
import type { Language } from '#alerts/content.js';
import { Cards } from '#alerts/pictures/cards.js';
import type { Notice } from '#alerts/notice.js';
import type { Exhibit, Message } from '#dispatch/channel.js';
import type { EmailSettings } from './config.js';
import { isEnding } from './encode.js';

/** The poster is for printing; a mail does not wait for it any longer, in milliseconds. */
const PATIENCE_MS = 4_000;
/** One drawing for all newsrooms of a notice, and for whoever approves it, for a minute. */
const cards = new Cards();

/** The language of the poster that goes with the mail of a notice; nothing where none does: for people who asked to be told, and for an ending. */
function languageOf(notice: Notice, { poster, languages, audience }: EmailSettings): Language | undefined {
  return poster && !audience && !isEnding(notice) ? languages[0] : undefined;
}

/** The portrait card in a newsroom's first language. Nothing where the words do not fit it whole, or where it would be too large for the mail. */
async function draw({ notice, photo }: Pick<Message, 'notice' | 'photo'>, language: Language, { poster }: EmailSettings): Promise<Buffer | undefined> {
  const drawn = await cards.of(notice, 'portrait', language, photo);
  return poster && 'bytes' in drawn && drawn.bytes.length <= poster.maxBytes ? drawn.bytes : undefined;
}

/** The poster of a notice for a newsroom. Nothing where there is none, or where it is not drawn in time: the mail goes all the same. */
export async function posterOf(message: Pick<Message, 'notice' | 'photo'>, settings: EmailSettings, signal: AbortSignal): Promise<Buffer | undefined> {
  const language = languageOf(message.notice, settings);
  if (language === undefined) return undefined;
  let stop: () => void = () => undefined;
  const late = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  const timer = setTimeout(stop, PATIENCE_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([draw(message, language, settings), late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** The poster, for whoever approves it: the picture that is attached, however long it takes to draw. Missing where the mail goes without. */
export function posterExhibits(notice: Notice, settings: EmailSettings): readonly Exhibit[] {
  const language = languageOf(notice, settings);
  if (language === undefined) return [];
  return [{
    name: `poster-${language}.jpg`, mediaType: 'image/jpeg', language,
    make: async (message) => {
      const poster = await draw(message, language, settings);
      if (!poster) throw fail('PREVIEW_MISSING', 'name', 'The mail goes without a poster: the words do not fit it whole, or it would be too large.');
      return poster;
    },
  }];
}
