import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode, SentNotice } from '#alerts/notice.js';
import { escape, PAGE_POLICY } from './html.js';

/** What these pages may load: style and photo of this house, no script, nothing from anywhere else. */
export const NOTICE_POLICY = `${PAGE_POLICY}; img-src 'self'`;

const PHOTO: Readonly<Record<Language, string>> = { 'sr-Latn': 'Fotografija deteta', 'sr-Cyrl': 'Фотографија детета', en: 'Photo of the child' };
const BANNER = `<p class="banner" role="note"><span lang="sr-Latn">VEŽBA. Nijedno dete nije nestalo.</span> <span lang="sr-Cyrl">ВЕЖБА. Ниједно дете није нестало.</span> <span lang="en">EXERCISE. No child is missing.</span></p>`;
const GONE: Readonly<Record<Language, string>> = {
  'sr-Latn': 'Ovo obaveštenje više ne važi, a njegovi podaci se više ne prikazuju. Ako imate njegovu kopiju, obrišite je.',
  'sr-Cyrl': 'Ово обавештење више не важи, а његови подаци се више не приказују. Ако имате његову копију, обришите је.',
  en: 'This notice no longer applies and its data is shown no more. If you have a copy of it, delete it.',
};

/** The public page of a notice: every word that was approved, in every language, and the photo. No script. */
export function noticePage(notice: SentNotice, photo: string | undefined): string {
  const { mode, texts } = notice;
  // A path, not an address: the page may be read under another name of this host.
  const picture = photo === undefined ? '' : `<p><img class="child" src="${escape(new URL(photo).pathname)}" width="${notice.photo!.width}" height="${notice.photo!.height}" alt="${escape(LANGUAGES.map((l) => PHOTO[l]).join(' · '))}"></p>\n`;
  const words = LANGUAGES.map((language) => {
    const { headline, full, instruction } = texts[language];
    const lines = full.split('\n').filter((line) => line !== headline && line !== notice.url).map((line) => `<p>${escape(line)}</p>`);
    return `<section lang="${language}">\n<h2>${escape(headline)}</h2>\n<p><strong>${escape(instruction)}</strong></p>\n${lines.join('\n')}\n</section>`;
  });
  return page(mode, texts['sr-Latn'].headline, `${picture}${words.join('\n')}`);
}

/** What is left of a page when its notice is over and erased. */
export function gonePage(mode: Mode): string {
  return page(mode, 'Pronađi me', LANGUAGES.map((language) => `<p lang="${language}">${GONE[language]}</p>`).join('\n'));
}

/** A drill says so at both ends of the page and is found by no search; copies of a live one are kept by none. */
function page(mode: Mode, title: string, body: string): string {
  const banner = mode === 'drill' ? `${BANNER}\n` : '';
  return `<!doctype html>
<html lang="sr-Latn"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="${robotsOf(mode)}"><title>${escape(title)}</title><link rel="stylesheet" href="/style.css"></head>
<body class="${mode}">
${banner}<main>
<h1>Pronađi me · Пронађи ме · Find Me</h1>
${body}
</main>
${banner}</body></html>
`;
}

/** What search engines may do with a page of a mode. */
export function robotsOf(mode: Mode): string {
  return mode === 'drill' ? 'noindex, nofollow, noarchive' : 'noarchive';
}
