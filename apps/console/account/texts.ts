import type { Device } from '#identity/device.js';
import { say } from '../language.js';

/** Names of products, the same in every language. */
const BROWSERS: Record<Device['browser'], string> = { chrome: 'Chrome', edge: 'Edge', firefox: 'Firefox', safari: 'Safari' };
const SYSTEMS: Record<Device['system'], string> = { windows: 'Windows', macos: 'macOS', linux: 'Linux', android: 'Android', ios: 'iOS' };

export const texts = {
  title: say('Vaš nalog', 'Ваш налог', 'Your account'),
  passkeys: say('Pristupni ključevi', 'Приступни кључеви', 'Passkeys'),
  passkeysText: say(
    'Pristupnim ključem se prijavljujete i potvrđujete odluke bez lozinke i koda: uređajem koji imate i otiskom, licem ili PIN-om. Lozinka sa kodom uvek ostaje kao drugi put.',
    'Приступним кључем се пријављујете и потврђујете одлуке без лозинке и кода: уређајем који имате и отиском, лицем или ПИН-ом. Лозинка са кодом увек остаје као други пут.',
    'With a passkey you sign in and confirm decisions without password and code: with a device you have, and your finger, face or PIN. The password with its code always remains as the other way.'),
  none: say('Još nemate pristupni ključ.', 'Још немате приступни кључ.', 'You have no passkey yet.'),
  name: say('Naziv', 'Назив', 'Name'),
  nameHint: say('Na primer: telefon, ključ na stolu', 'На пример: телефон, кључ на столу', 'For example: phone, key on the desk'),
  created: say('Dodat', 'Додат', 'Added'),
  used: say('Poslednji put korišćen', 'Последњи пут коришћен', 'Last used'),
  never: say('nikad', 'никад', 'never'),
  actions: say('Radnje', 'Радње', 'Actions'),
  add: say('Dodaj pristupni ključ', 'Додај приступни кључ', 'Add a passkey'),
  addNow: say('Napravi ključ', 'Направи кључ', 'Make the passkey'),
  added: say('Pristupni ključ je dodat.', 'Приступни кључ је додат.', 'The passkey was added.'),
  remove: say('Ukloni', 'Уклони', 'Remove'),
  removeNamed: (name: string) => say(`Ukloni: ${name}`, `Уклони: ${name}`, `Remove: ${name}`),
  removeTitle: (name: string) => say(`Ukloniti pristupni ključ „${name}“?`, `Уклонити приступни кључ „${name}“?`, `Remove the passkey “${name}”?`),
  removed: say('Pristupni ključ je uklonjen.', 'Приступни кључ је уклоњен.', 'The passkey was removed.'),
  cancel: say('Odustani', 'Одустани', 'Cancel'),
  notHere: say('Ovaj pregledač ili ova adresa ne podržavaju pristupne ključeve.', 'Овај прегледач или ова адреса не подржавају приступне кључеве.', 'This browser or this address does not support passkeys.'),
  sessions: say('Otvorene sesije', 'Отворене сесије', 'Open sessions'),
  sessionsText: say('Sve gde ste sada prijavljeni. Završite svaku koju ne prepoznajete.', 'Све где сте сада пријављени. Завршите сваку коју не препознајете.', 'Everywhere you are signed in now. End any that you do not recognise.'),
  opened: say('Otvorena', 'Отворена', 'Opened'),
  seen: say('Poslednji put viđena', 'Последњи пут виђена', 'Last seen'),
  device: say('Uređaj', 'Уређај', 'Device'),
  deviceNamed: ({ browser, system }: Device) => say(`${BROWSERS[browser]} na sistemu ${SYSTEMS[system]}`, `${BROWSERS[browser]} на систему ${SYSTEMS[system]}`, `${BROWSERS[browser]} on ${SYSTEMS[system]}`),
  deviceOther: say('drugi pregledač', 'други прегледач', 'another browser'),
  how: say('Način prijave', 'Начин пријаве', 'How'),
  methods: { 'password+totp': say('lozinka i kod', 'лозинка и код', 'password and code'), passkey: say('pristupni ključ', 'приступни кључ', 'passkey') },
  here: say('ovde', 'овде', 'here'),
  endOne: say('Završi', 'Заврши', 'End'),
  endNamed: (opened: string) => say(`Završi sesiju otvorenu ${opened}`, `Заврши сесију отворену ${opened}`, `End the session opened ${opened}`),
  endAll: say('Odjavi se svuda', 'Одјави се свуда', 'Sign out everywhere'),
  endAllText: say('Završava sve vaše sesije, i ovu.', 'Завршава све ваше сесије, и ову.', 'Ends all your sessions, this one too.'),
  soon: (time: string) => say(`Ako ništa ne uradite, sesija se završava u ${time}. Dovoljan je bilo koji taster. Ono što pišete ostaje na stranici.`, `Ако ништа не урадите, сесија се завршава у ${time}. Довољан је било који тастер. Оно што пишете остаје на страници.`, `Without a sign from you the session ends at ${time}. Any key is enough. What you are writing stays on the page.`),
  shiftOver: (time: string) => say(
    `Smena od 12 sati je pri kraju: sesija se završava u ${time} u svakom slučaju. Ono što pišete ostaje na stranici; prijavićete se ponovo na njoj.`,
    `Смена од 12 сати је при крају: сесија се завршава у ${time} у сваком случају. Оно што пишете остаје на страници; пријавићете се поново на њој.`,
    `The shift of 12 hours is nearly over: the session ends at ${time} in any case. What you are writing stays on the page; you will sign in on it again.`),
  stay: say('Produži sesiju', 'Продужи сесију', 'Stay signed in'),
  refused: {
    PASSKEY_REFUSED: say('Pregledač nije napravio ključ koji se može prihvatiti. Pokušajte ponovo.', 'Прегледач није направио кључ који се може прихватити. Покушајте поново.', 'The browser did not make a passkey that can be accepted. Try again.'),
    PASSKEY_KNOWN: say('Taj pristupni ključ je već dodat.', 'Тај приступни кључ је већ додат.', 'That passkey has been added already.'),
    PASSKEYS_TOO_MANY: say('Najviše je deset pristupnih ključeva. Uklonite neki.', 'Највише је десет приступних кључева. Уклоните неки.', 'There are at most ten passkeys. Remove one.'),
    OFFICER_INVALID: say('Dajte ključu naziv do 80 znakova.', 'Дајте кључу назив до 80 знакова.', 'Give the passkey a name of at most 80 characters.'),
  },
  nameMissing: say('Dajte ključu naziv.', 'Дајте кључу назив.', 'Give the passkey a name.'),
};
