import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode, SentNotice } from '#alerts/notice.js';
import { escape, HEAD_LINKS } from './html.js';

const PHOTO: Readonly<Record<Language, string>> = { 'sr-Latn': 'Fotografija deteta', 'sr-Cyrl': 'Фотографија детета', en: 'Photo of the child' };
const BANNER = `<span lang="sr-Latn">VEŽBA. Nijedno dete nije nestalo.</span> <span lang="sr-Cyrl">ВЕЖБА. Ниједно дете није нестало.</span> <span lang="en">EXERCISE. No child is missing.</span>`;
const GONE: Readonly<Record<Language, string>> = {
  'sr-Latn': 'Ovo obaveštenje više ne važi, a njegovi podaci se više ne prikazuju. Ako imate njegovu kopiju, obrišite je.',
  'sr-Cyrl': 'Ово обавештење више не важи, а његови подаци се више не приказују. Ако имате његову копију, обришите је.',
  en: 'This notice no longer applies and its data is shown no more. If you have a copy of it, delete it.',
};

const CALL: Readonly<Record<Language, string>> = { 'sr-Latn': 'Pozovite', 'sr-Cyrl': 'Позовите', en: 'Call' };
const NAMES: Readonly<Record<Language, string>> = { 'sr-Latn': 'Srpski', 'sr-Cyrl': 'Српски', en: 'English' };
const SHARE: Readonly<Record<Language, string>> = { 'sr-Latn': 'Slika za deljenje', 'sr-Cyrl': 'Слика за дељење', en: 'Picture to share' };

/** Formats of the picture that people share: upright for telephones, wide for what previews a link. */
export const SHARED_FORMATS = ['portrait', 'landscape'] as const;
export type SharedFormat = (typeof SHARED_FORMATS)[number];

/** The public page of a notice: every word that was approved, in every language, and the photo. No script. */
export function noticePage(notice: SentNotice, photo: string | undefined): string {
  const { mode, kind, texts } = notice;
  const isSought = kind === 'alert' || kind === 'update';
  // Below the page, so that it works under whatever name the page is read.
  const path = new URL(notice.url).pathname;
  // A path, not an address: the page may be read under another name of this host.
  const picture = photo === undefined ? '' : `<p><img class="child" src="${escape(new URL(photo).pathname)}" width="${notice.photo!.width}" height="${notice.photo!.height}" alt="${escape(LANGUAGES.map((l) => PHOTO[l]).join(' · '))}"></p>\n`;
  const words = LANGUAGES.map((language) => {
    const { headline, full, instruction } = texts[language];
    const lines = full.split('\n').filter((line) => line !== headline && line !== notice.url).map((line) => `<p>${escape(line)}</p>`);
    const share = isSought ? `\n<p><a href="${escape(`${path}/picture/${language}-portrait.png`)}" download="findme-${language}.png">${SHARE[language]}</a></p>` : '';
    return `<section id="${language}" lang="${language}">\n<h2>${escape(headline)}</h2>\n<p class="urgent">${escape(instruction)}</p>\n${lines.join('\n')}${share}\n</section>`;
  });
  const jumps = `<nav aria-label="Jezik · Језик · Language">${LANGUAGES.map((l) => `<a href="#${l}" lang="${l}" hreflang="${l}">${NAMES[l]}</a>`).join(' · ')}</nav>\n`;
  const telephone = escape(notice.policeTelephone);
  // Who looks at a drill is asked not to call.
  const call = mode === 'drill' || !isSought ? '' : `<p><a class="call" href="tel:${telephone}">${LANGUAGES.map((l) => `<span lang="${l}">${CALL[l]}</span>`).join(' · ')} ${telephone}</a></p>\n`;
  return page(mode, texts['sr-Latn'].headline, `${jumps}${picture}${call}${words.join('\n')}`, previewOf(notice));
}

/** What is left of a page when its notice is over and erased. */
export function gonePage(mode: Mode): string {
  return page(mode, 'Pronađi me', LANGUAGES.map((language) => `<p lang="${language}">${GONE[language]}</p>`).join('\n'));
}

/** What a messenger or social network shows of a link to the page; of an ending its words alone. */
function previewOf({ kind, texts, url }: SentNotice): string {
  const { headline, short } = texts['sr-Latn'];
  const card = kind === 'alert' || kind === 'update' ? `<meta property="og:image" content="${escape(`${url}/picture/sr-Latn-landscape.png`)}"><meta name="twitter:card" content="summary_large_image">` : '';
  return `<meta property="og:type" content="article"><meta property="og:title" content="${escape(headline)}"><meta property="og:description" content="${escape(short)}"><meta property="og:url" content="${escape(url)}">${card}`;
}

/** A drill says so at both ends of the page and is found by no search; copies of a live one are kept by none. */
function page(mode: Mode, title: string, body: string, preview = ''): string {
  const banner = (element: 'header' | 'footer'): string => (mode === 'drill' ? `<${element} class="banner">${BANNER}</${element}>\n` : '');
  return `<!doctype html>
<html lang="sr-Latn"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="${robotsOf(mode)}"><title>${escape(title)}</title>${preview}${HEAD_LINKS}</head>
<body class="${mode}">
${banner('header')}<main>
<h1>Pronađi me · Пронађи ме · Find Me</h1>
${body}
</main>
${banner('footer')}</body></html>
`;
}

/** What search engines may do with a page of a mode. */
export function robotsOf(mode: Mode): string {
  return mode === 'drill' ? 'noindex, nofollow, noarchive' : 'noarchive';
}
