import type { Language, Wording } from '#alerts/content.js';

export const REPORT_LANGUAGES = ['sr-Latn', 'sr-Cyrl', 'en'] as const satisfies readonly Language[];

const say = (latin: string, cyrillic: string, english: string): Wording => ({ 'sr-Latn': latin, 'sr-Cyrl': cyrillic, en: english });

/** What came of an attempt, or became of a slot. */
export const OUTCOME_WORDS: Readonly<Record<string, Wording>> = {
  accepted: say('primljeno', 'примљено', 'accepted'),
  refused: say('odbijeno', 'одбијено', 'refused'),
  deferred: say('odloženo', 'одложено', 'deferred'),
  uncertain: say('neizvesno', 'неизвесно', 'uncertain'),
  aired: say('emitovano', 'емитовано', 'aired'),
  late: say('kasno', 'касно', 'late'),
  missed: say('propušteno', 'пропуштено', 'missed'),
  stopped: say('zaustavljeno', 'заустављено', 'stopped'),
  confirmed: say('potvrđeno', 'потврђено', 'confirmed'),
  failed: say('neuspelo', 'неуспело', 'failed'),
};

export const STATUS_WORDS: Readonly<Record<string, Wording>> = {
  prepared: say('u pripremi', 'у припреми', 'in preparation'), active: say('aktivno', 'активно', 'active'), found: say('pronađeno', 'пронађено', 'found'),
  withdrawn: say('povučeno', 'повучено', 'withdrawn'), expired: say('isteklo', 'истекло', 'expired'), rejected: say('odbijeno', 'одбијено', 'rejected'), erased: say('obrisano', 'обрисано', 'erased'),
};

export const REPORT_WORDS = {
  title: say('Izveštaj iz revizijskog traga', 'Извештај из ревизијског трага', 'Report from the audit'),
  system: say('Pronađi me', 'Пронађи ме', 'Find Me'),
  ofAlert: say('Obaveštenje', 'Обавештење', 'Alert'),
  ofPeriod: say('Razdoblje', 'Раздобље', 'Period'),
  drill: say('VEŽBA', 'ВЕЖБА', 'DRILL'),
  live: say('UŽIVO', 'УЖИВО', 'LIVE'),
  made: say('Izrađeno', 'Израђено', 'Made'),
  madeBy: say('Izradio/la', 'Израдио/ла', 'Made by'),
  facts: say('Činjenica', 'Чињеница', 'Facts'),
  page: say('strana', 'страна', 'page'),
  times: say('Ključna vremena', 'Кључна времена', 'Key times'),
  created: say('Započeto', 'Започето', 'Begun'),
  approved: say('Odobreno', 'Одобрено', 'Approved'),
  firstAccepted: say('Prvi partner primio', 'Први партнер примио', 'First partner accepted'),
  lastAccepted: say('Poslednji partner primio', 'Последњи партнер примио', 'Last partner accepted'),
  accepted: say('Primili partneri', 'Примили партнери', 'Partners that accepted'),
  ended: say('Završeno', 'Завршено', 'Ended'),
  lastEnded: say('Poslednji partner primio kraj', 'Последњи партнер примио крај', 'Last partner accepted the end'),
  erased: say('Obrisano', 'Обрисано', 'Erased'),
  erasures: say('Brisanja potvrđena', 'Брисања потврђена', 'Erasures confirmed'),
  caseNumber: say('Broj predmeta', 'Број предмета', 'Case number'),
  status: say('Stanje', 'Стање', 'Status'),
  alerts: say('Obaveštenja', 'Обавештења', 'Alerts'),
  airing: say('Emitovanje po pravilniku', 'Емитовање по правилнику', 'Airing by the rulebook'),
  broadcaster: say('Emiter', 'Емитер', 'Broadcaster'),
  aired: say('na vreme', 'на време', 'in time'), late: say('kasno', 'касно', 'late'), missed: say('propušteno', 'пропуштено', 'missed'), share: say('udeo', 'удео', 'share'),
  speed: say('Brzina (sekunde)', 'Брзина (секунде)', 'Speed (seconds)'),
  channel: say('Kanal', 'Канал', 'Channel'), count: say('broj', 'број', 'count'), median: say('medijana', 'медијана', 'median'), p95: say('95 %', '95 %', '95 %'), max: say('najduže', 'најдуже', 'longest'),
  accept: say('do prijema', 'до пријема', 'to acceptance'), air: say('do emitovanja', 'до емитовања', 'to airing'), withdraw: say('do prijema kraja', 'до пријема краја', 'to acceptance of the end'),
  timeline: say('Tok', 'Ток', 'Timeline'),
  receipt: say('Potvrda partnera', 'Потврда партнера', 'Partner\'s receipt'),
  report: say('Izveštaj partnera', 'Извештај партнера', 'Partner\'s report'),
  place: say('mesto', 'место', 'place'), at: say('vreme', 'време', 'time'), what: say('šta', 'шта', 'what'), who: say('ko', 'ко', 'who'), to: say('partner', 'партнер', 'partner'), outcome: say('ishod', 'исход', 'outcome'),
  theSystem: say('sistem', 'систем', 'the system'),
  more: say('Odštampano je prvih #; ostatak je u priloženoj datoteci facts.jsonl.', 'Одштампано је првих #; остатак је у приложеној датотеци facts.jsonl.', 'The first # are printed; the rest is in the attached file facts.jsonl.'),
  nothing: say('Ništa.', 'Ништа.', 'Nothing.'),
  checkpoint: say('Potpisana kontrolna tačka', 'Потписана контролна тачка', 'Signed checkpoint'),
  seq: say('Redni broj činjenice', 'Редни број чињенице', 'Sequence number of the fact'),
  root: say('Otisak lanca (SHA-256)', 'Отисак ланца (SHA-256)', 'Hash of the chain (SHA-256)'),
  signedAt: say('Potpisano', 'Потписано', 'Signed'),
  keyId: say('Ključ', 'Кључ', 'Key'),
  signature: say('Potpis (Ed25519, base64)', 'Потпис (Ed25519, base64)', 'Signature (Ed25519, base64)'),
  how: say('Kako se proverava', 'Како се проверава', 'How to verify'),
  howText: say(
    'Ovom PDF-u su priloženi: checkpoint.json (kontrolna tačka odozgo), facts.jsonl (činjenice iz ovog izveštaja) i keys.pem (javni ključevi). Preuzmite findme-verify.mjs i izvoz celog revizijskog traga sa stola za reviziju, a javne ključeve uzmite drugim putem. Pokrenite: node findme-verify.mjs facts.jsonl --whole export.jsonl --keys keys.pem --checkpoints checkpoint.json. Ispis mora da kaže „Verified.": tada svaka činjenica iz ovog izveštaja stoji na svom mestu u lancu, a lanac je onaj koji je potpisan. Sam papir dokazuje samo onoliko koliko se njegova kontrolna tačka slaže sa lancem.',
    'Овом PDF-у су приложени: checkpoint.json (контролна тачка одозго), facts.jsonl (чињенице из овог извештаја) и keys.pem (јавни кључеви). Преузмите findme-verify.mjs и извоз целог ревизијског трага са стола за ревизију, а јавне кључеве узмите другим путем. Покрените: node findme-verify.mjs facts.jsonl --whole export.jsonl --keys keys.pem --checkpoints checkpoint.json. Испис мора да каже „Verified.": тада свака чињеница из овог извештаја стоји на свом месту у ланцу, а ланац је онај који је потписан. Сам папир доказује само онолико колико се његова контролна тачка слаже са ланцем.',
    'Attached to this PDF: checkpoint.json (the checkpoint above), facts.jsonl (the facts of this report) and keys.pem (the public keys). Download findme-verify.mjs and an export of the whole audit from the auditor\'s desk, and take the public keys from elsewhere. Run: node findme-verify.mjs facts.jsonl --whole export.jsonl --keys keys.pem --checkpoints checkpoint.json. It must say "Verified.": then each fact of this report stands in its place in the chain, and the chain is the one that was signed. The paper alone proves as much as its checkpoint agrees with the chain.'),
} as const;
