import { count, say, type Language, type Wording } from '../language.js';

/** Channels in the order in which they reach people; others follow. */
export const ORDER: readonly string[] = [
  'cell-broadcast', 'smpp', 'cap-push', 'casparcg', 'liquidsoap', 'datex2', 'ntcip-sign', 'airport-display', 'siri-sx', 'gtfs-realtime', 'web-push', 'email', 'webhook',
];

export const LANGUAGE_NAMES: Readonly<Record<Language, Wording>> = {
  'sr-Latn': say('srpski, latinica', 'српски, латиница', 'Serbian, Latin'),
  'sr-Cyrl': say('srpski, ćirilica', 'српски, ћирилица', 'Serbian, Cyrillic'),
  en: say('engleski', 'енглески', 'English'),
};

const same = (text: string): Wording => say(text, text, text);

/** What is sent beside the text, by the name that its protocol has for it. */
const FIELDS: Readonly<Record<string, Wording>> = {
  source_addr: say('Pošiljalac', 'Пошиљалац', 'Sender'),
  data_coding: same('data_coding'),
  'EU-Alert': say('Klasa EU-Alert', 'Класа EU-Alert', 'EU-Alert class'),
  'message identifier': say('Oznaka poruke', 'Ознака поруке', 'Message identifier'),
  'serial number': say('Serijski broj', 'Серијски број', 'Serial number'),
  Subject: say('Naslov', 'Наслов', 'Subject'),
  From: say('Od', 'Од', 'From'),
  title: say('Naslov', 'Наслов', 'Title'),
  body: say('Tekst', 'Текст', 'Text'),
  url: say('Adresa', 'Адреса', 'Address'),
  image: say('Slika', 'Слика', 'Picture'),
  tag: say('Oznaka', 'Ознака', 'Tag'),
  'least seconds': say('Na ekranu najmanje (s)', 'На екрану најмање (s)', 'On the air at least (s)'),
  crawl: say('Tekst pri dnu ekrana', 'Текст при дну екрана', 'Crawl'),
  'crawl seconds': say('Prolazak teksta (s)', 'Пролазак текста (s)', 'Crawl runs for (s)'),
};
export const fieldName = (name: string): Wording => FIELDS[name] ?? same(name);

export const UNITS: Readonly<Record<'septets' | 'code-units' | 'octets' | 'characters', Wording>> = {
  septets: say('septeta', 'септета', 'septets'), 'code-units': say('znakova UCS-2', 'знакова UCS-2', 'UCS-2 units'),
  octets: say('okteta', 'октета', 'octets'), characters: say('znakova', 'знакова', 'characters'),
};

const FAULTS: Readonly<Record<string, Wording>> = {
  TEXT_TOO_LONG: say('Tekst ne staje', 'Текст не стаје', 'The text does not fit'),
  TEXT_NOT_ENCODABLE: say('Neki znak se ovde ne može poslati', 'Неки знак се овде не може послати', 'A letter cannot be sent here'),
};
export const faultName = (code: string): Wording => FAULTS[code] ?? same(code);

export const texts = {
  faulty: say('ima grešku', 'има грешку', 'has a fault'),
  title: say('Šta će tačno biti poslato', 'Шта ће тачно бити послато', 'Exactly what will be sent'),
  channels: say('Kanali', 'Канали', 'Channels'),
  loading: say('Učitava se…', 'Учитава се…', 'Loading…'),
  making: say('Pravi se…', 'Прави се…', 'Being made…'),
  timesSoon: (sent: string, expires: string) => say(
    `Vremena su ona koja bi bila kad bi se odobrilo sada: od ${sent} do ${expires}. Odobrenje ih utvrđuje.`,
    `Времена су она која би била кад би се одобрило сада: од ${sent} до ${expires}. Одобрење их утврђује.`,
    `Times are those of an approval right now: from ${sent} to ${expires}. The approval fixes them.`),
  timesFrozen: (sent: string, expires: string) => say(`Važi od ${sent} do ${expires}.`, `Важи од ${sent} до ${expires}.`, `Valid from ${sent} to ${expires}.`),
  destinations: (n: number) => count(n, {
    'sr-Latn': { one: '# odredište', few: '# odredišta', other: '# odredišta' }, 'sr-Cyrl': { one: '# одредиште', few: '# одредишта', other: '# одредишта' }, en: { one: '# destination', other: '# destinations' },
  }),
  segments: (n: number) => count(n, { 'sr-Latn': { one: '# deo', few: '# dela', other: '# delova' }, 'sr-Cyrl': { one: '# део', few: '# дела', other: '# делова' }, en: { one: '# part', other: '# parts' } }),
  pages: (n: number) => count(n, { 'sr-Latn': { one: '# strana', few: '# strane', other: '# strana' }, 'sr-Cyrl': { one: '# страна', few: '# стране', other: '# страна' }, en: { one: '# page', other: '# pages' } }),
  ofLimit: (length: string, limit: string, unit: Wording) => say(`${length} od ${limit} ${unit['sr-Latn']}`, `${length} од ${limit} ${unit['sr-Cyrl']}`, `${length} of ${limit} ${unit.en}`),
  pieces: (parts: boolean) => (parts ? say('Delovi i okteti', 'Делови и октети', 'Parts and octets') : say('Strane i okteti', 'Стране и октети', 'Pages and octets')),
  part: (n: number, of: number) => say(`Deo ${n} od ${of}`, `Део ${n} од ${of}`, `Part ${n} of ${of}`),
  page: (n: number, of: number) => say(`Strana ${n} od ${of}`, `Страна ${n} од ${of}`, `Page ${n} of ${of}`),
  sign: (rows: number, columns: number) => say(`Znak: ${rows} × ${columns} slova`, `Знак: ${rows} × ${columns} слова`, `Sign: ${rows} × ${columns} letters`),
  signs: say('Znakovi', 'Знакови', 'Signs'),
  pageSeconds: (seconds: string) => say(`Svaka strana stoji ${seconds} s.`, `Свака страна стоји ${seconds} s.`, `Each page stays for ${seconds} s.`),
  duration: (seconds: string) => say(`Traje ${seconds} s.`, `Траје ${seconds} s.`, `Lasts ${seconds} s.`),
  listen: say('Govorno obaveštenje', 'Говорно обавештење', 'Spoken notice'),
  picture: (name: string) => say(`Slika kakva se šalje (${name}); reči sa nje stoje i kao tekst iznad`, `Слика каква се шаље (${name}); речи са ње стоје и као текст изнад`, `Picture as it is sent (${name}); its words also stand as text above`),
  document: (name: string) => say(`Dokument ${name}`, `Документ ${name}`, `Document ${name}`),
  save: (name: string) => say(`Sačuvaj ${name}`, `Сачувај ${name}`, `Save ${name}`),
  signatureLater: say('Nepotpisano: potpis se stavlja pri slanju.', 'Непотписано: потпис се ставља при слању.', 'Unsigned: the signature is made at sending.'),
  linkLater: say('Veza za odjavu je lična i dodaje se pri slanju.', 'Веза за одјаву је лична и додаје се при слању.', 'The link to unsubscribe is personal and added at sending.'),
  noVoice: say('Nema programa za govor: pisano obaveštenje ide svejedno, govorno ne.', 'Нема програма за говор: писано обавештење иде свеједно, говорно не.', 'There is no voice program: the written notice still goes, the spoken one does not.'),
  notMade: say('Ne može da se napravi', 'Не може да се направи', 'It cannot be made'),
  changed: say('Promenjeno u međuvremenu. Učitajte stranicu ponovo.', 'Промењено у међувремену. Учитајте страницу поново.', 'Changed meanwhile. Load the page again.'),
  noAnswer: say('Server ne odgovara.', 'Сервер не одговара.', 'The server does not answer.'),
  again: say('Probaj ponovo', 'Пробај поново', 'Try again'),
  shownFor: say('Slike i dokumenti za', 'Слике и документи за', 'Pictures and documents for'),
  nothing: say('Ovim kanalom ne ide ništa.', 'Овим каналом не иде ништа.', 'Nothing goes over this channel.'),
  noChannels: say('Ovde nema nijednog odredišta.', 'Овде нема ниједног одредишта.', 'There are no destinations here.'),
};
