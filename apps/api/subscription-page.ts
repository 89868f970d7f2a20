import { DISTRICTS } from '#alerts/area.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { escape, HEAD_LINKS } from './html.js';

/** What the subscription page may load: style, script and worker of this house, and nothing from anywhere else. */
export const SUBSCRIPTION_POLICY = [
  "default-src 'none'", "style-src 'self'", "img-src 'self'", "script-src 'self'", "worker-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
  "require-trusted-types-for 'script'", 'trusted-types findme',
].join('; ');

interface Words {
  readonly title: string;
  readonly what: string;
  readonly language: string;
  readonly where: string;
  readonly all: string;
  readonly some: string;
  readonly join: string;
  readonly leave: string;
  readonly noscript: string;
  readonly privacy: string;
  readonly drill: string;
  /** What the script says, by the names it knows them under. */
  readonly says: Readonly<Record<'joined' | 'left' | 'standing' | 'denied' | 'unable' | 'nowhere' | 'later' | 'failed' | 'wait', string>>;
}

const WORDS: Readonly<Record<Language, Words>> = {
  'sr-Latn': {
    title: 'Obaveštenja kada nestane dete', what: 'Kada nestane dete, ovaj uređaj će odmah dobiti obaveštenje, a zatim i poruku kada je dete pronađeno.',
    language: 'Jezik obaveštenja', where: 'Odakle želite obaveštenja', all: 'Iz cele Srbije', some: 'Samo iz ovih okruga:', join: 'Prijavi me', leave: 'Odjavi me',
    noscript: 'Za prijavu je potreban JavaScript. Obaveštenja možete čitati i bez prijave.',
    privacy: 'Čuvamo samo adresu koju je vaš pregledač napravio, jezik i okruge. Ne znamo ko ste.', drill: 'VEŽBA. Ova prijava je samo za vežbe.',
    says: {
      joined: 'Prijavljeni ste.', left: 'Odjavljeni ste.', standing: 'Ovaj uređaj je prijavljen. Izbor možete promeniti.', denied: 'Pregledač nije dozvolio obaveštenja. Dozvolite ih u podešavanjima pregledača.',
      unable: 'Ovaj pregledač ne prima obaveštenja. Na iPhone uređaju stranicu prvo dodajte na početni ekran.', nowhere: 'Izaberite bar jedan okrug.', later: 'Previše prijava odjednom. Pokušajte za minut.',
      failed: 'Nije uspelo. Pokušajte ponovo.', wait: 'Sačekajte …',
    },
  },
  'sr-Cyrl': {
    title: 'Обавештења када нестане дете', what: 'Када нестане дете, овај уређај ће одмах добити обавештење, а затим и поруку када је дете пронађено.',
    language: 'Језик обавештења', where: 'Одакле желите обавештења', all: 'Из целе Србије', some: 'Само из ових округа:', join: 'Пријави ме', leave: 'Одјави ме',
    noscript: 'За пријаву је потребан JavaScript. Обавештења можете читати и без пријаве.',
    privacy: 'Чувамо само адресу коју је ваш прегледач направио, језик и округе. Не знамо ко сте.', drill: 'ВЕЖБА. Ова пријава је само за вежбе.',
    says: {
      joined: 'Пријављени сте.', left: 'Одјављени сте.', standing: 'Овај уређај је пријављен. Избор можете променити.', denied: 'Прегледач није дозволио обавештења. Дозволите их у подешавањима прегледача.',
      unable: 'Овај прегледач не прима обавештења. На iPhone уређају страницу прво додајте на почетни екран.', nowhere: 'Изаберите бар један округ.', later: 'Превише пријава одједном. Покушајте за минут.',
      failed: 'Није успело. Покушајте поново.', wait: 'Сачекајте …',
    },
  },
  en: {
    title: 'Notices when a child goes missing', what: 'When a child goes missing this device is told at once, and told again when the child has been found.',
    language: 'Language of the notices', where: 'Where you want notices from', all: 'All of Serbia', some: 'These districts only:', join: 'Subscribe', leave: 'Unsubscribe',
    noscript: 'Subscribing needs JavaScript. The notices can be read without it.',
    privacy: 'We keep only the address that your browser made, the language and the districts. We do not know who you are.', drill: 'EXERCISE. This subscription is for exercises only.',
    says: {
      joined: 'You are subscribed.', left: 'You are unsubscribed.', standing: 'This device is subscribed. You can change what you chose.', denied: 'The browser did not allow notifications. Allow them in its settings.',
      unable: 'This browser takes no notifications. On an iPhone add the page to the home screen first.', nowhere: 'Choose one district at least.', later: 'Too many subscriptions at once. Try again in a minute.',
      failed: 'That did not work. Try again.', wait: 'Wait …',
    },
  },
};

const NAMES: Readonly<Record<Language, string>> = { 'sr-Latn': 'srpski (latinica)', 'sr-Cyrl': 'српски (ћирилица)', en: 'English' };

/** Where the page of a mode lies; also the scope of its service worker, so that drill and live are different subscriptions. */
export const SUBSCRIPTION_PATH: Readonly<Record<Mode, string>> = { live: '/pretplata', drill: '/vezba/pretplata' };

/** The subscription page of a mode in a language. Its script is a file; without it the page says what is missing. */
export function subscriptionPage(mode: Mode, language: Language): string {
  const words = WORDS[language];
  const path = SUBSCRIPTION_PATH[mode];
  const links = LANGUAGES.map((l) => (l === language ? `<strong lang="${l}" aria-current="true">${NAMES[l]}</strong>` : `<a lang="${l}" hreflang="${l}" href="${path}?jezik=${l}">${NAMES[l]}</a>`)).join(' · ');
  const choices = LANGUAGES.map((l) => `<label lang="${l}"><input type="radio" name="language" value="${l}"${l === language ? ' checked' : ''}> ${NAMES[l]}</label>`).join('<br>\n');
  const districts = DISTRICTS.map(({ code, name }) => `<label><input type="checkbox" name="district" value="${code}"> ${escape(name[language])}</label>`).join('<br>\n');
  const says = Object.entries(words.says).map(([name, text]) => `<p data-says="${name}">${escape(text)}</p>`).join('\n');
  const banner = mode === 'drill' ? `<header class="banner">${escape(words.drill)}</header>\n` : '';
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${mode === 'drill' ? '<meta name="robots" content="noindex, nofollow">' : ''}<title>${escape(words.title)}</title>${HEAD_LINKS}<script src="/pretplata.js" defer></script></head>
<body class="${mode}">
${banner}<main>
<nav>${links}</nav>
<h1>${escape(words.title)}</h1>
<p>${escape(words.what)}</p>
<p>${escape(words.privacy)}</p>
<noscript><p>${escape(words.noscript)}</p></noscript>
<form hidden data-mode="${mode}" data-scope="${path}">
<fieldset><legend>${escape(words.language)}</legend>
${choices}
</fieldset>
<fieldset><legend>${escape(words.where)}</legend>
<label><input type="radio" name="where" value="all" checked> ${escape(words.all)}</label><br>
<label><input type="radio" name="where" value="some"> ${escape(words.some)}</label>
<fieldset><legend>${escape(words.some)}</legend>
${districts}
</fieldset>
</fieldset>
<p><button name="join" type="submit">${escape(words.join)}</button> <button name="leave" type="button" hidden>${escape(words.leave)}</button></p>
</form>
<p role="status" aria-live="polite"></p>
<div hidden>
${says}
</div>
</main>
</body></html>
`;
}
