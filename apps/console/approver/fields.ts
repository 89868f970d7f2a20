import { say, type Language, type Wording } from '../language.js';
import { LANGUAGE_NAMES } from '../previews/texts.js';

const FIELDS: Readonly<Record<string, Wording>> = {
  caseNumber: say('Broj predmeta', 'Број предмета', 'Case number'),
  'child.name.latin': say('Ime, latinica', 'Име, латиница', 'Name, Latin'),
  'child.name.cyrillic': say('Ime, ćirilica', 'Име, ћирилица', 'Name, Cyrillic'),
  'child.birthDate': say('Datum rođenja', 'Датум рођења', 'Date of birth'),
  'child.sex': say('Pol', 'Пол', 'Sex'),
  'child.heightCm': say('Visina (cm)', 'Висина (cm)', 'Height (cm)'),
  'child.build': say('Građa', 'Грађа', 'Build'),
  'child.hair': say('Kosa', 'Коса', 'Hair'),
  'child.eyes': say('Oči', 'Очи', 'Eyes'),
  'child.clothing': say('Odeća', 'Одећа', 'Clothing'),
  'child.marks': say('Posebni znaci', 'Посебни знаци', 'Distinguishing marks'),
  'child.vulnerable': say('Smetnja u razvoju ili neophodna terapija', 'Сметња у развоју или неопходна терапија', 'Disability or necessary therapy'),
  'lastSeen.at': say('Poslednji put viđeno', 'Последњи пут виђено', 'Last seen at'),
  'lastSeen.place': say('Mesto', 'Место', 'Place'),
  'lastSeen.position': say('Koordinate', 'Координате', 'Coordinates'),
  circumstances: say('Okolnosti', 'Околности', 'Circumstances'),
  companion: say('Pratilac ili osumnjičeni', 'Пратилац или осумњичени', 'Companion or suspect'),
  'vehicle.make': say('Vozilo', 'Возило', 'Vehicle'),
  'vehicle.colour': say('Boja vozila', 'Боја возила', 'Colour of the vehicle'),
  'vehicle.plate': say('Registarska oznaka', 'Регистарска ознака', 'Number plate'),
  policeTelephone: say('Telefon policije', 'Телефон полиције', 'Police telephone'),
  'assessment.criterion': say('Kriterijum', 'Критеријум', 'Criterion'),
  'assessment.reason': say('Zašto objavljivanje pomaže', 'Зашто објављивање помаже', 'Why publication helps'),
  'assessment.judgedBy': say('Procenio', 'Проценио', 'Judged by'),
  'area.kind': say('Područje', 'Подручје', 'Area'),
  'area.codes': say('Okruzi', 'Окрузи', 'Districts'),
  'area.polygons': say('Nacrtano područje (poligona, temena, otisak)', 'Нацртано подручје (полигона, темена, отисак)', 'Drawn area (polygons, corners, fingerprint)'),
  validHours: say('Važi sati', 'Важи сати', 'Valid for hours'),
  photo: say('Fotografija (veličina, otisak)', 'Фотографија (величина, отисак)', 'Photo (size, fingerprint)'),
};

const VALUES: Readonly<Record<string, Wording>> = {
  female: say('žensko', 'женско', 'female'), male: say('muško', 'мушко', 'male'), true: say('da', 'да', 'yes'), false: say('ne', 'не', 'no'),
  country: say('cela Srbija', 'цела Србија', 'all of Serbia'), districts: say('okruzi', 'окрузи', 'districts'), polygons: say('nacrtano', 'нацртано', 'drawn'),
  under_7: say('Dete mlađe od 7 godina', 'Дете млађе од 7 година', 'Child under 7'),
  disability_or_therapy: say('Smetnja u razvoju ili neophodna terapija', 'Сметња у развоју или неопходна терапија', 'Disability or necessary therapy'),
  suspected_abduction: say('Sumnja na otmicu', 'Сумња на отмицу', 'Suspected abduction'),
  danger_to_life_or_health: say('Opasnost po život ili zdravlje', 'Опасност по живот или здравље', 'Danger to life or health'),
};

/** The name of a field of the content by its path; a text in one language is named with it. */
export function fieldName(path: string): Wording {
  const known = FIELDS[path];
  if (known) return known;
  const at = path.lastIndexOf('.');
  const [field, language] = [FIELDS[path.slice(0, at)], LANGUAGE_NAMES[path.slice(at + 1) as Language] as Wording | undefined];
  if (!field || !language) return say(path, path, path);
  const joined = (l: Language): string => `${field[l]} (${language[l]})`;
  return say(joined('sr-Latn'), joined('sr-Cyrl'), joined('en'));
}

/** A value that is a word of the schema in words; any other as it was written. */
export function valueOf(path: string, value: string): Wording {
  const coded = ['child.sex', 'child.vulnerable', 'area.kind', 'assessment.criterion'].includes(path) ? VALUES[value] : undefined;
  return coded ?? say(value, value, value);
}
