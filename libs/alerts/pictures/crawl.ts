import type { Language } from '../content.js';
import type { Notice } from '../notice.js';
import { widthOf } from './font.js';

/** What runs along the foot of the picture. */
export interface Crawl {
  readonly text: string;
  /** Seconds from the first letter coming in to the last one gone, at the speed given. */
  readonly seconds: number;
}

/** How the station runs its crawl: letters of `size` pixels over `width` pixels at `speed` pixels a second. */
export interface CrawlSpeed {
  readonly width: number;
  readonly size: number;
  readonly speed: number;
}

/** A comfortable reading pace on full-HD pictures: about 17 letters a second pass. */
export const CRAWL: CrawlSpeed = { width: 1920, size: 48, speed: 360 };

const BETWEEN = '   •   ';

/** The short text of a notice in the languages given, whole and one after the other, and how long it runs. Pure. */
export function crawlOf(notice: Notice, languages: readonly Language[], { width, size, speed }: CrawlSpeed = CRAWL): Crawl {
  const text = languages.map((language) => notice.texts[language].short.replace(/\s+/g, ' ').trim()).join(BETWEEN);
  return { text, seconds: Math.ceil((width + widthOf(text, 'regular') * size) / speed) };
}
