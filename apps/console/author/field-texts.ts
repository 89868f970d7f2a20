import { fieldName } from '../approver/fields.js';
import { say, type Wording } from '../language.js';
import type { Fault } from './form.js';

const REQUIRED = say('Upišite ovo.', 'Упишите ово.', 'This is needed.');

const FAULTS: Readonly<Record<string, Wording>> = {
  AREA_MISSING: say('Izaberite kome se šalje: cela Srbija, okruzi ili nacrtano područje.', 'Изаберите коме се шаље: цела Србија, окрузи или нацртано подручје.', 'Choose who is told: all of Serbia, districts, or a drawn area.'),
  AREA_OUTSIDE_SERBIA: say('Područje izlazi iz Srbije više od 5 km.', 'Подручје излази из Србије више од 5 km.', 'The area leaves Serbia by more than 5 km.'),
  AREA_SELF_CROSSING: say('Ivica područja preseca samu sebe.', 'Ивица подручја пресеца саму себе.', 'The edge of the area crosses itself.'),
  AREA_TOO_SMALL: say('Područje ima bar tri različita temena i površinu.', 'Подручје има бар три различита темена и површину.', 'An area has at least three different corners and a surface.'),
  AREA_UNKNOWN_DISTRICT: say('Takvog okruga nema.', 'Таквог округа нема.', 'There is no such district.'),
  BIRTH_DATE_ADULT: say('Osoba je imala 18 ili više godina.', 'Особа је имала 18 или више година.', 'The person was 18 or older.'),
  BIRTH_DATE_FUTURE: say('Datum rođenja je posle nestanka.', 'Датум рођења је после нестанка.', 'The birth date lies after the disappearance.'),
  LAST_SEEN_FUTURE: say('To vreme još nije došlo.', 'То време још није дошло.', 'That moment has not come yet.'),
  CRITERION_MISSING: say('Navedite kriterijum, razlog i ko je procenio.', 'Наведите критеријум, разлог и ко је проценио.', 'Give the criterion, the reason and who judged it.'),
  CRITERION_NOT_MET: say('Kriterijum ne odgovara detetu ili razlog nije napisan rečima.', 'Критеријум не одговара детету или разлог није написан речима.', 'The criterion does not fit the child, or the reason is not in words.'),
  SCRIPT_MIXED: say('Slova nisu ovog pisma.', 'Слова нису овог писма.', 'Letters of another script.'),
  VALIDITY_OUT_OF_RANGE: say('Od 1 do 72 sata.', 'Од 1 до 72 сата.', 'From 1 to 72 hours.'),
  TEXT_TOO_LONG: say('Predugačko za neki od kanala.', 'Предугачко за неки од канала.', 'Too long for one of the channels.'),
  TEXT_NOT_ENCODABLE: say('Ima slovo koje neki kanal ne može da pošalje.', 'Има слово које неки канал не може да пошаље.', 'A letter that one of the channels cannot send.'),
  TRANSITION_NOT_ALLOWED: say('Ova verzija se više ne piše: na pregledu je ili je slučaj završen.', 'Ова верзија се више не пише: на прегледу је или је случај завршен.', 'This revision is not being written any more: it is in review, or the case has ended.'),
};

const most = (n: string): Wording => say(`Najviše ${n} znakova.`, `Највише ${n} знакова.`, `At most ${n} characters.`);

/** What is wrong with a field, in words. */
export function faultText({ code, detail = '' }: Pick<Fault, 'code' | 'detail'>): Wording {
  const known = FAULTS[code];
  if (known) return known;
  const long = /^At most (\d+) characters/.exec(detail)?.[1];
  if (long !== undefined) return most(long);
  if (/cannot be read yet/.test(detail)) return say('Ne može se pročitati.', 'Не може се прочитати.', 'It cannot be read.');
  if (/control/.test(detail)) return say('U jednom redu, bez posebnih znakova.', 'У једном реду, без посебних знакова.', 'One line, without control characters.');
  const [, bound, n] = /^At (most|least) (\d+)\.$/.exec(detail) ?? [];
  if (n !== undefined && !(bound === 'least' && n === '1')) return bound === 'most' ? say(`Najviše ${n}.`, `Највише ${n}.`, `At most ${n}.`) : say(`Najmanje ${n}.`, `Најмање ${n}.`, `At least ${n}.`);
  return REQUIRED;
}

const PHOTO: Readonly<Record<string, Wording>> = {
  PHOTO_NOT_A_PICTURE: say('Ovo nije JPEG, PNG ili WebP slika, ili je oštećena. Izaberite drugu.', 'Ово није JPEG, PNG или WebP слика, или је оштећена. Изаберите другу.', 'This is no JPEG, PNG or WebP picture, or it is damaged. Choose another.'),
  PHOTO_TOO_LARGE: say('Slika je prevelika: najviše 10 MiB i 40 megapiksela.', 'Слика је превелика: највише 10 MiB и 40 мегапиксела.', 'The picture is too large: at most 10 MiB and 40 megapixels.'),
  PHOTO_TRAILING_DATA: say('Iza slike u datoteci stoji još nešto. Sačuvajte samo sliku pa pokušajte ponovo.', 'Иза слике у датотеци стоји још нешто. Сачувајте само слику па покушајте поново.', 'Something else follows the picture in the file. Save the picture alone and try again.'),
  REQUEST_INVALID: say('Ovo nije JPEG, PNG ili WebP slika, ili je veća od 10 MiB.', 'Ово није JPEG, PNG или WebP слика, или је већа од 10 MiB.', 'This is no JPEG, PNG or WebP picture, or it is larger than 10 MiB.'),
};

/** Why a picture was not taken. */
export const photoFault = (code: string): Wording => PHOTO[code] ?? say('Slika nije sačuvana. Pokušajte ponovo.', 'Слика није сачувана. Покушајте поново.', 'The picture was not saved. Try again.');

/** The name of a field, wherever in it the fault is. */
export const nameOf = (field: string): Wording => {
  const path = field.replace(/\[.*$/, '');
  return path === 'area' ? say('Područje', 'Подручје', 'Area') : path === 'assessment' ? say('Procena', 'Процена', 'Assessment') : path === '' ? say('Obaveštenje', 'Обавештење', 'Alert') : fieldName(path);
};
