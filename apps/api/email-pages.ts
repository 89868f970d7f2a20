import { DISTRICTS } from '#alerts/area.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { escape, HEAD_LINKS, PAGE_POLICY } from './html.js';
import { robotsOf } from './notice-page.js';

/** Pages of forms that this house reads itself. No script. */
export const FORM_POLICY = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'");

/** Where the page lies on which people ask. */
export const ASK_PATH: Readonly<Record<Mode, string>> = { live: '/pretplata/e-posta', drill: '/vezba/pretplata/e-posta' };

type Said = Readonly<Record<Language, string>>;

const TITLE = 'Obaveštenja e-poštom · Обавештења е-поштом · Notices by e-mail';
const BANNER = '<header class="banner"><span lang="sr-Latn">VEŽBA</span> · <span lang="sr-Cyrl">ВЕЖБА</span> · <span lang="en">EXERCISE</span></header>\n';
const NAMES: Said = { 'sr-Latn': 'srpski (latinica)', 'sr-Cyrl': 'српски (ћирилица)', en: 'English' };

const ASK: Said = {
  'sr-Latn': 'Kada nestane dete, poslaćemo vam poruku, a zatim i drugu kada je dete pronađeno. Prvo ćemo vas pitati da potvrdite adresu. Čuvamo samo adresu, jezik i okruge.',
  'sr-Cyrl': 'Када нестане дете, послаћемо вам поруку, а затим и другу када је дете пронађено. Прво ћемо вас питати да потврдите адресу. Чувамо само адресу, језик и округе.',
  en: 'When a child goes missing we write to you, and again when the child has been found. First we ask you to confirm the address. We keep only the address, the language and the districts.',
};
const FIELDS: Readonly<Record<'address' | 'language' | 'districts' | 'join', Said>> = {
  address: { 'sr-Latn': 'Adresa e-pošte', 'sr-Cyrl': 'Адреса е-поште', en: 'E-mail address' },
  language: { 'sr-Latn': 'Jezik obaveštenja', 'sr-Cyrl': 'Језик обавештења', en: 'Language of the notices' },
  districts: { 'sr-Latn': 'Samo iz ovih okruga (ništa izabrano: iz cele Srbije)', 'sr-Cyrl': 'Само из ових округа (ништа изабрано: из целе Србије)', en: 'These districts only (none chosen: all of Serbia)' },
  join: { 'sr-Latn': 'Prijavi me', 'sr-Cyrl': 'Пријави ме', en: 'Subscribe' },
};

/** What the pages say, each in every language: a mail's link does not know who reads it. */
export const SAYS = {
  asked: {
    'sr-Latn': 'Ako je adresa ispravna, na nju stiže poruka. Otvorite vezu iz nje u roku od jednog dana.', 'sr-Cyrl': 'Ако је адреса исправна, на њу стиже порука. Отворите везу из ње у року од једног дана.',
    en: 'If the address is right, a message is on its way to it. Follow its link within one day.',
  },
  confirm: { 'sr-Latn': 'Želite li obaveštenja kada nestane dete?', 'sr-Cyrl': 'Желите ли обавештења када нестане дете?', en: 'Do you want to be told when a child goes missing?' },
  confirmed: { 'sr-Latn': 'Prijavljeni ste.', 'sr-Cyrl': 'Пријављени сте.', en: 'You are subscribed.' },
  over: { 'sr-Latn': 'Ova veza je već iskorišćena ili više ne važi.', 'sr-Cyrl': 'Ова веза је већ искоришћена или више не важи.', en: 'This link has been used or is no longer valid.' },
  leave: { 'sr-Latn': 'Ne želite više obaveštenja na ovu adresu?', 'sr-Cyrl': 'Не желите више обавештења на ову адресу?', en: 'No more notices to this address?' },
  left: { 'sr-Latn': 'Odjavljeni ste.', 'sr-Cyrl': 'Одјављени сте.', en: 'You are unsubscribed.' },
} as const satisfies Record<string, Said>;

const BUTTONS = { confirm: 'Da · Да · Yes', leave: 'Odjava · Одјава · Unsubscribe' } as const;

/** A page that says one thing, and asks for it by a button where there is something to do: following a link alone does nothing. */
export function saidPage(mode: Mode, says: keyof typeof SAYS, button?: keyof typeof BUTTONS): string {
  const words = LANGUAGES.map((language) => `<p lang="${language}">${escape(SAYS[says][language])}</p>`).join('\n');
  // Without an action the form goes to the address of the page, token included.
  return page(mode, 'sr-Latn', `${words}${button ? `\n<form method="post"><p><button type="submit">${BUTTONS[button]}</button></p></form>` : ''}`);
}

/** The page on which people ask for notices by e-mail. */
export function askPage(mode: Mode, language: Language): string {
  const choices = LANGUAGES.map((l) => `<label lang="${l}"><input type="radio" name="language" value="${l}"${l === language ? ' checked' : ''}> ${NAMES[l]}</label>`).join('<br>\n');
  const districts = DISTRICTS.map(({ code, name }) => `<label><input type="checkbox" name="district" value="${code}"> ${escape(name[language])}</label>`).join('<br>\n');
  const links = LANGUAGES.map((l) => (l === language ? `<strong lang="${l}" aria-current="true">${NAMES[l]}</strong>` : `<a lang="${l}" hreflang="${l}" href="?jezik=${l}">${NAMES[l]}</a>`)).join(' · ');
  return page(mode, language, `<nav>${links}</nav>
<p>${escape(ASK[language])}</p>
<form method="post">
<p><label>${escape(FIELDS.address[language])} <input type="email" name="address" required maxlength="254" autocomplete="email"></label></p>
<fieldset><legend>${escape(FIELDS.language[language])}</legend>
${choices}
</fieldset>
<fieldset><legend>${escape(FIELDS.districts[language])}</legend>
${districts}
</fieldset>
<p><button type="submit">${escape(FIELDS.join[language])}</button></p>
</form>`);
}

function page(mode: Mode, language: Language, body: string): string {
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="${robotsOf(mode)}"><title>${escape(TITLE)}</title>${HEAD_LINKS}</head>
<body class="${mode}">
${mode === 'drill' ? BANNER : ''}<main>
<h1>${escape(TITLE)}</h1>
${body}
</main>
</body></html>
`;
}
