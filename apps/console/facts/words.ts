import { readAiredWord } from '#dispatch/aired-word.js';
import type { AlertStatus } from '#alerts/alert.js';
import type { Standing } from '#dispatch/board.js';
import type { DeliveryKind } from '#dispatch/delivery.js';
import { say, type Wording } from '../language.js';

const CHANNELS: Readonly<Record<string, Wording>> = {
  'airport-display': say('Aerodromi', 'Аеродроми', 'Airports'),
  'cap-push': say('Televizija i radio', 'Телевизија и радио', 'Television and radio'),
  'cell-broadcast': say('Poruke svim telefonima u mreži', 'Поруке свим телефонима у мрежи', 'Cell broadcast'),
  casparcg: say('Prekid televizijskog programa', 'Прекид телевизијског програма', 'Television playout'),
  datex2: say('Centri za saobraćaj', 'Центри за саобраћај', 'Traffic centres'),
  email: say('E-pošta', 'Е-пошта', 'E-mail'),
  'gtfs-realtime': say('Javni prevoz', 'Јавни превоз', 'Public transport feeds'),
  'ntcip-sign': say('Znakovi na putevima', 'Знакови на путевима', 'Road signs'),
  'siri-sx': say('Železnica i autobuske stanice', 'Железница и аутобуске станице', 'Railway and bus stations'),
  liquidsoap: say('Prekid radio-programa', 'Прекид радио-програма', 'Radio playout'),
  smpp: say('SMS operatera', 'SMS оператера', 'Operators’ SMS'),
  'web-push': say('Obaveštenja u pregledaču', 'Обавештења у прегледачу', 'Browser notifications'),
  webhook: say('Drugi sistemi', 'Други системи', 'Other systems'),
};

/** A code that has no words: shown as it is. */
const asIs = (code: string): Wording => say(code, code, code);

/** A channel of the catalogue for people; one without words of its own by its name in the configuration. */
export const channelName = (kind: string): Wording => CHANNELS[kind] ?? asIs(kind);

/** A channel for whoever sets it up: in words, with its name in the configuration behind them. */
export const channelLabel = (kind: string, t: (text: Wording) => string): string => (Object.hasOwn(CHANNELS, kind) ? `${t(CHANNELS[kind]!)} (${kind})` : kind);

/** Standings in one or two words. */
export const STANDING_NAMES: Readonly<Record<Standing, Wording>> = {
  failed: say('nije uspelo', 'није успело', 'failed'),
  uncertain: say('neizvesno', 'неизвесно', 'uncertain'),
  queued: say('čeka', 'чека', 'queued'),
  sent: say('šalje se', 'шаље се', 'being sent'),
  accepted: say('primljeno', 'примљено', 'accepted'),
  unknowable: say('primljeno, dalje se ne zna', 'примљено, даље се не зна', 'accepted, no more can be known'),
  confirmed: say('potvrđeno', 'потврђено', 'confirmed'),
  closed: say('zatvoreno', 'затворено', 'closed'),
  cancelled: say('obustavljeno', 'обустављено', 'called off'),
};

/** A sign for each standing, so that rows can be told apart without colour and at a glance. */
export const STANDING_SIGNS: Readonly<Record<Standing, string>> = {
  failed: '✕', uncertain: '?', queued: '…', sent: '↗', accepted: '✓', unknowable: '✓', confirmed: '✓✓', closed: '■', cancelled: '–',
};

/** What a message is. */
export const KIND_NAMES: Readonly<Record<DeliveryKind, Wording>> = {
  alert: say('Obaveštenje', 'Обавештење', 'Alert'),
  update: say('Dopuna', 'Допуна', 'Update'),
  found: say('Dete je pronađeno', 'Дете је пронађено', 'Child found'),
  withdrawn: say('Povlačenje', 'Повлачење', 'Withdrawal'),
  expired: say('Istek', 'Истек', 'Expiry'),
};

export const STATUS_NAMES: Readonly<Record<AlertStatus, Wording>> = {
  prepared: say('priprema se', 'припрема се', 'being prepared'),
  active: say('na snazi', 'на снази', 'active'),
  found: say('dete je pronađeno', 'дете је пронађено', 'child found'),
  withdrawn: say('povučeno', 'повучено', 'withdrawn'),
  expired: say('isteklo', 'истекло', 'expired'),
  rejected: say('odbijeno', 'одбијено', 'rejected'),
  erased: say('podaci obrisani', 'подаци обрисани', 'data erased'),
};

const REASONS: Readonly<Record<string, Wording>> = {
  timeout: say('nije odgovorio na vreme', 'није одговорио на време', 'did not answer in time'),
  connect_refused: say('odbio je vezu', 'одбио је везу', 'refused the connection'),
  connect_reset: say('prekinuo je vezu', 'прекинуо је везу', 'broke the connection'),
  connection_lost: say('veza je prekinuta', 'веза је прекинута', 'the connection was lost'),
  unreachable: say('nedostupan je', 'недоступан је', 'cannot be reached'),
  name_unresolved: say('adresa se ne nalazi', 'адреса се не налази', 'its address is not found'),
  address_loopback: say('adresa vodi na samu ovu mašinu', 'адреса води на саму ову машину', 'its address leads to this machine itself'),
  address_private: say('adresa je u privatnoj mreži koja nije navedena u konfiguraciji', 'адреса је у приватној мрежи која није наведена у конфигурацији', 'its address is in a private network that the configuration does not name'),
  address_reserved: say('na takvoj adresi nema partnera', 'на таквој адреси нема партнера', 'no partner can be at such an address'),
  address_metadata: say('adresa je ona na kojoj oblak daje svoje ključeve', 'адреса је она на којој облак даје своје кључеве', 'its address is where a cloud gives away credentials'),
  address_own: say('adresa je naš sopstveni server', 'адреса је наш сопствени сервер', 'its address is a server of our own'),
  tls_failed: say('sertifikat nije prihvaćen', 'сертификат није прихваћен', 'the certificate was not accepted'),
  throttled: say('traži da se uspori', 'тражи да се успори', 'asks to slow down'),
  breaker_open: say('slanje je zastalo jer ne odgovara', 'слање је застало јер не одговара', 'sending is paused: it does not answer'),
  breaker_closed: say('ponovo odgovara', 'поново одговара', 'it answers again'),
  probe_failed: say('provera nije uspela', 'провера није успела', 'the probe failed'),
  sender_lost: say('pošiljalac je nestao usred slanja', 'пошиљалац је нестао усред слања', 'the sender went away while sending'),
  sent_after_ending: say('poslato pošto je obaveštenje završeno', 'послато пошто је обавештење завршено', 'sent after the alert had ended'),
  overtaken: say('preteklo ga je novije', 'претекло га је новије', 'a newer message overtook it'),
  aborted: say('prekinuli smo ga', 'прекинули смо га', 'we broke it off'),
  expired: say('važnost je istekla', 'важност је истекла', 'its time is over'),
  superseded: say('zamenila ga je dopuna', 'заменила га је допуна', 'an update took its place'),
  found: say('dete je pronađeno', 'дете је пронађено', 'the child is found'),
  withdrawn: say('obaveštenje je povučeno', 'обавештење је повучено', 'the alert was withdrawn'),
  erased: say('podaci su obrisani', 'подаци су обрисани', 'the data was erased'),
  never_accepted: say('nikada nije primljeno', 'никада није примљено', 'it was never accepted'),
  answer_invalid: say('odgovor se ne razume', 'одговор се не разуме', 'its answer is not understood'),
  hash_not_approved: say('sadržaj nije onaj koji je odobren', 'садржај није онај који је одобрен', 'the content is not what was approved'),
  no_proof: say('nema dokaza', 'нема доказа', 'no proof'),
  airport_refused: say('aerodrom je odbio', 'аеродром је одбио', 'the airport refused it'),
  case_erased: say('podaci slučaja su obrisani', 'подаци случаја су обрисани', 'the data of the case was erased'),
  channel_failed: say('greška u našem sistemu', 'грешка у нашем систему', 'a fault in our system'),
  closed: say('veza je zatvorena', 'веза је затворена', 'the connection was closed'),
  crc_mismatch: say('znak nije primio ceo sadržaj', 'знак није примио цео садржај', 'the sign did not take the whole content'),
  destination_changed: say('podešavanje odredišta je promenjeno', 'подешавање одредишта је промењено', 'the destination was changed'),
  destination_disabled: say('odredište je isključeno', 'одредиште је искључено', 'the destination is disabled'),
  destination_not_configured: say('odredišta više nema u podešavanju', 'одредишта више нема у подешавању', 'the destination is no longer set up'),
  ended: say('obaveštenje je završeno', 'обавештење је завршено', 'the alert has ended'),
  layer_busy: say('program trenutno prikazuje nešto drugo', 'програм тренутно приказује нешто друго', 'the programme shows something else at present'),
  local_mode: say('znakom se upravlja sa lica mesta', 'знаком се управља са лица места', 'the sign is controlled on the spot'),
  no_cell_answered: say('nijedna ćelija mreže nije odgovorila', 'ниједна ћелија мреже није одговорила', 'no cell of the network answered'),
  not_on_air: say('nije na programu', 'није на програму', 'it is not on air'),
  queue_full: say('red čekanja kod partnera je pun', 'ред чекања код партнера је пун', 'the partner’s queue is full'),
  redirect: say('upućuje na drugu adresu', 'упућује на другу адресу', 'it points to another address'),
  stopping: say('naš sistem se ponovo pokreće', 'наш систем се поново покреће', 'our system is being restarted'),
  cap_error: say('operater javlja grešku', 'оператер јавља грешку', 'the operator reports an error'),
  commit_failed: say('znak nije primio promenu', 'знак није примио промену', 'the sign did not take the change'),
  content_unavailable: say('sadržaj trenutno nije dostupan', 'садржај тренутно није доступан', 'the content is not to be had at the moment'),
  datex_fail: say('centar za saobraćaj je odbio', 'центар за саобраћај је одбио', 'the traffic centre refused it'),
  ending_crossed: say('kraj je stigao usred slanja', 'крај је стигао усред слања', 'the ending came while it was being sent'),
  stop_crossed: say('kraj je stigao usred slanja', 'крај је стигао усред слања', 'the ending came while it was being sent'),
  folder_not_writable: say('u fasciklu partnera se ne može pisati', 'у фасциклу партнера се не може писати', 'the partner’s folder cannot be written to'),
  identifier_active: say('kod partnera već postoji poruka sa tom oznakom', 'код партнера већ постоји порука са том ознаком', 'the partner has a message under that identifier already'),
  message_invalid: say('znak ne prima takvu poruku', 'знак не прима такву поруку', 'the sign does not take such a message'),
  no_longer_due: say('više nije na redu', 'више није на реду', 'no longer due'),
  no_sign: say('na toj adresi se ne javlja znak', 'на тој адреси се не јавља знак', 'no sign answers at that address'),
  no_such_slot: say('znak nema mesto za tu poruku', 'знак нема место за ту поруку', 'the sign has no place for that message'),
  not_playable: say('snimak se ne može pustiti', 'снимак се не може пустити', 'the recording cannot be played'),
  not_stored: say('partner nije sačuvao poruku', 'партнер није сачувао поруку', 'the partner has not stored the message'),
  nothing_to_probe: say('nema šta da se proveri', 'нема шта да се провери', 'there is nothing to probe'),
  pictures_differ: say('kod partnera su druge slike', 'код партнера су друге слике', 'the partner has other pictures'),
  siri_error: say('partner javlja grešku', 'партнер јавља грешку', 'the partner reports an error'),
  slot_busy: say('mesto na znaku je zauzeto', 'место на знаку је заузето', 'the place on the sign is taken'),
  store_busy: say('naša baza je zauzeta', 'наша база је заузета', 'our database is busy'),
  text_too_long: say('tekst je predugačak', 'текст је предугачак', 'the text is too long'),
  voice_failed: say('govor nije napravljen', 'говор није направљен', 'the spoken notice could not be made'),
  voice_missing: say('nema programa za govor', 'нема програма за говор', 'there is no program to speak it'),
  wrong_mode: say('vežba i stvarno su pomešani', 'вежба и стварно су помешани', 'drill and live were mixed up'),
  too_short: say('prekratko', 'прекратко', 'too short'),
};

/** A reason as the dispatcher or a partner gave it: in words where there are any, else the code itself. */
export function reasonName(code: string): Wording {
  const known = REASONS[code];
  if (known) return known;
  const status = /^http_(\d{3})$/.exec(code)?.[1];
  if (status !== undefined) return say(`odgovorio je sa HTTP ${status}`, `одговорио је са HTTP ${status}`, `answered HTTP ${status}`);
  // `unreachable: timeout`: what happened, and what lies behind it.
  const [what, ...behind] = code.split(': ');
  if (behind.length === 0 || what === undefined) return asIs(code);
  const [first, second] = [REASONS[what] ?? asIs(what), reasonName(behind.join(': '))];
  return say(`${first['sr-Latn']} (${second['sr-Latn']})`, `${first['sr-Cyrl']} (${second['sr-Cyrl']})`, `${first.en} (${second.en})`);
}

const OUTCOMES: Readonly<Record<string, Wording>> = {
  accepted: say('primljeno', 'примљено', 'accepted'),
  refused: say('odbijeno', 'одбијено', 'refused'),
  deferred: say('odloženo', 'одложено', 'deferred'),
  uncertain: say('neizvesno', 'неизвесно', 'uncertain'),
  well: say('uspela', 'успела', 'well'),
  unwell: say('nije uspela', 'није успела', 'not well'),
  lapsed: say('nije obavljena na vreme', 'није обављена на време', 'not made in time'),
};

/** How an attempt or a test ended. */
export const outcomeName = (outcome: string): Wording => OUTCOMES[outcome] ?? asIs(outcome);

const WORDS: Readonly<Record<string, Wording>> = {
  ACCEPTD: say('mreža je preuzela SMS', 'мрежа је преузела SMS', 'the network took the SMS'),
  DELIVRD: say('SMS je stigao na telefon', 'SMS је стигао на телефон', 'the SMS reached the telephone'),
  EXPIRED: say('SMS-u je isteklo vreme', 'SMS-у је истекло време', 'the SMS ran out of time'),
  DELETED: say('SMS je obrisan kod operatera', 'SMS је обрисан код оператера', 'the SMS was deleted at the operator'),
  UNDELIV: say('SMS se ne može isporučiti', 'SMS се не може испоручити', 'the SMS cannot be delivered'),
  REJECTD: say('operater je odbio SMS', 'оператер је одбио SMS', 'the operator rejected the SMS'),
  delivered: say('pošta je stigla u sanduče', 'пошта је стигла у сандуче', 'the mail reached the mailbox'),
  relayed: say('pošta je predata dalje, bez daljih potvrda', 'пошта је предата даље, без даљих потврда', 'the mail was passed on, without further receipts'),
  expanded: say('pošta je podeljena članovima liste', 'пошта је подељена члановима листе', 'the mail was passed to the members of a list'),
  failed: say('pošta nije isporučena', 'пошта није испоручена', 'the mail was not delivered'),
  rejected: say('server pošte je odbio', 'сервер поште је одбио', 'the mail server rejected it'),
  aired: say('emitovano', 'емитовано', 'aired'),
  displayed: say('prikazano', 'приказано', 'displayed'),
  blanked: say('ekran je ugašen', 'екран је угашен', 'the display was blanked'),
  replaced: say('na znaku stoji druga poruka', 'на знаку стоји друга порука', 'the sign shows another message'),
  shown: say('prikazano', 'приказано', 'shown'),
  stopped: say('zaustavljeno', 'заустављено', 'stopped'),
  cleared: say('uklonjeno', 'уклоњено', 'cleared'),
  removed: say('uklonjeno', 'уклоњено', 'removed'),
  tested: say('proba je primljena', 'проба је примљена', 'the test was received'),
};

/**
 * What a partner's own word in a receipt means, with the word itself behind it where it is a code: `DELIVRD` is
 * `the SMS reached the telephone (DELIVRD)`, `displayed A1` is `displayed: A1`. A word that nobody knows stands as it came.
 */
export function receiptWord(word: string): Wording {
  const airing = readAiredWord(word);
  if (airing) {
    const [seconds, silent] = [airing.seconds === undefined ? undefined : String(airing.seconds), airing.silent];
    const told = (aired: string, mark: string, mute: string): string => `${aired}${seconds === undefined ? '' : `, ${seconds.replace('.', mark)} s`}${silent ? `, ${mute}` : ''}`;
    return say(told('emitovano', ',', 'bez glasa'), told('емитовано', ',', 'без гласа'), told('aired', '.', 'without a voice'));
  }
  const [first = '', place] = word.split(/ (.*)/s);
  if (first === 'displayed' && place) return say(`prikazano: ${place}`, `приказано: ${place}`, `displayed: ${place}`);
  if (!Object.hasOwn(WORDS, word)) return asIs(word);
  const known = WORDS[word]!;
  return /^[A-Z]+$/.test(word) ? say(`${known['sr-Latn']} (${word})`, `${known['sr-Cyrl']} (${word})`, `${known.en} (${word})`) : known;
}

/** What a change is called, by its kind. A new kind is a line here; without one it is shown by its own name. */
const CHANGES: Readonly<Record<string, Wording>> = {
  'officer.add': say('Novi službenik', 'Нови службеник', 'New officer'),
  'officer.change': say('Uloge i pristup', 'Улоге и приступ', 'Roles and access'),
  'destination.set': say('Odredište', 'Одредиште', 'Destination'),
  'destination.disable': say('Isključenje odredišta', 'Искључење одредишта', 'Disabling a destination'),
  'destination.enable': say('Uključenje odredišta', 'Укључење одредишта', 'Enabling a destination'),
  'officer.reset': say('Poništavanje prijave', 'Поништавање пријаве', 'Reset of a sign-in'),
};

/** The name of a kind of change. */
export const changeKindName = (kind: string): Wording => (Object.hasOwn(CHANGES, kind) ? CHANGES[kind]! : asIs(kind));
