import { ROLES, type Role } from '#identity/officer.js';
import type { ChangeShown } from '#apps/api/changes.controller.js';
import { say, type Wording } from '../language.js';
import { ROLE_NAMES, texts } from './texts.js';

/** What the fields of proposals are called. A new field is a line here; without one it is shown by its own name. */
const FIELDS: Readonly<Record<string, Wording>> = {
  officer: say('Službenik', 'Службеник', 'Officer'), userName: texts.userName, displayName: texts.name, roles: texts.roles, enabled: texts.mayEnter,
  id: say('Oznaka', 'Ознака', 'Identifier'), name: say('Naziv', 'Назив', 'Name'), channel: say('Kanal', 'Канал', 'Channel'), mode: say('Režim', 'Режим', 'Mode'), settings: say('Podešavanja', 'Подешавања', 'Settings'),
  simulated: say('Simulirano', 'Симулирано', 'Simulated'),
  fallbacks: say('Rezervni putevi', 'Резервни путеви', 'Fallbacks'),
  destinations: say('Odredišta', 'Одредишта', 'Destinations'),
};
const SOURCE = say('Važi', 'Важи', 'As said by');
const SHIPPED = say('ono što piše u konfiguracionoj datoteci, i kada se ona promeni', 'оно што пише у конфигурационој датотеци, и када се она промени', 'the configuration file, also after it changes');
const ADMINISTERED = say('ono što su administratori odredili', 'оно што су администратори одредили', 'administrators');
const YES = say('da', 'да', 'yes');
const NO = say('ne', 'не', 'no');

/** What a change puts in force that its proposal only names, field by field. */
export function documentRows(document: unknown, t: (text: Wording) => string): readonly (readonly [name: string, value: string])[] {
  const { shipped, ...fields } = document as Readonly<Record<string, unknown>>;
  return [...changeRows({ payload: fields }, t, () => undefined), [t(SOURCE), t(shipped === true ? SHIPPED : ADMINISTERED)]];
}

/** What a change says, field by field: name and value in words. */
export function changeRows({ payload }: Pick<ChangeShown, 'payload'>, t: (text: Wording) => string, officerName: (id: string) => string | undefined): readonly (readonly [name: string, value: string])[] {
  const valueOf = (name: string, value: unknown): string => {
    if (typeof value === 'boolean') return t(value ? YES : NO);
    if (name === 'officer') return officerName(String(value)) ?? String(value);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.map((item) => (name === 'roles' && isRole(item) ? t(ROLE_NAMES[item]) : item)).join(', ');
    return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value, null, 1);
  };
  // As the table of names has them, what the change is about first; then what it does not know.
  const order = Object.keys(FIELDS);
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return Object.entries(payload).sort(([a], [b]) => rank(a) - rank(b)).map(([name, value]) => [Object.hasOwn(FIELDS, name) ? t(FIELDS[name]!) : name, valueOf(name, value)]);
}

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);
