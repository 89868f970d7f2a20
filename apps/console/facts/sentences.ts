import type { FactBody, FactType } from '#audit/fact.js';
import { count, say, type Wording } from '../language.js';
import { changeKindName, KIND_NAMES, outcomeName, reasonName } from './words.js';

/** A fact as the API and its event stream give it. */
export interface ToldFact {
  readonly type: string;
  readonly actor: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How ids become names. Undefined where nobody here knows the name. */
export interface Names {
  officer(id: string): string | undefined;
  destination(id: string): string | undefined;
}

/** What a sentence is made of: who did it, and names. */
interface Told {
  readonly who: Wording;
  readonly officer: (id: string) => string;
  readonly to: (destination: string, route?: number) => string;
}

type Sentence<Type extends FactType> = (body: FactBody<Type>, told: Told) => Wording;

/** A wording from each of its languages. */
const each = (of: (language: keyof Wording) => string): Wording => ({ 'sr-Latn': of('sr-Latn'), 'sr-Cyrl': of('sr-Cyrl'), en: of('en') });
const because = (code: string | undefined): Wording => (code === undefined ? say('', '', '') : each((l) => ` (${reasonName(code)[l]})`));
const kindOf = (kind: keyof typeof KIND_NAMES): Wording => each((l) => KIND_NAMES[kind][l].toLocaleLowerCase(l));

/** One sentence for each fact there is; `tests/architecture/` tells which one is missing. */
const SENTENCES: { readonly [Type in FactType]?: Sentence<Type> } = {
  'alert.created': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} otvara slučaj.`, 'sr-Cyrl': `${who[l]} отвара случај.`, en: `${who[l]} opened the case.` })[l]),
  'revision.saved': ({ revision }, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} piše verziju ${revision}.`, 'sr-Cyrl': `${who[l]} пише верзију ${revision}.`, en: `${who[l]} wrote revision ${revision}.` })[l]),
  'revision.submitted': ({ revision }, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} predaje verziju ${revision} na pregled.`, 'sr-Cyrl': `${who[l]} предаје верзију ${revision} на преглед.`, en: `${who[l]} submitted revision ${revision} for review.` })[l]),
  'revision.returned': ({ revision }, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} vraća verziju ${revision} na doradu.`, 'sr-Cyrl': `${who[l]} враћа верзију ${revision} на дораду.`, en: `${who[l]} returned revision ${revision} to its writers.` })[l]),
  'revision.rejected': ({ revision }, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} odbija verziju ${revision}.`, 'sr-Cyrl': `${who[l]} одбија верзију ${revision}.`, en: `${who[l]} rejected revision ${revision}.` })[l]),
  'revision.approved': ({ revision, kind, submitter }, { who, officer }) => each((l) => ({
    'sr-Latn': `${who[l]} odobrava verziju ${revision} (${kindOf(kind)[l]}), koju predaje ${officer(submitter)}. Slanje počinje.`,
    'sr-Cyrl': `${who[l]} одобрава верзију ${revision} (${kindOf(kind)[l]}), коју предаје ${officer(submitter)}. Слање почиње.`,
    en: `${who[l]} approved revision ${revision} (${kindOf(kind)[l]}), submitted by ${officer(submitter)}. Sending began.`,
  })[l]),
  'alert.found': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} javlja da je dete pronađeno. Obaveštenje je završeno.`, 'sr-Cyrl': `${who[l]} јавља да је дете пронађено. Обавештење је завршено.`, en: `${who[l]} declared the child found. The alert ended.` })[l]),
  'alert.withdrawn': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} povlači obaveštenje.`, 'sr-Cyrl': `${who[l]} повлачи обавештење.`, en: `${who[l]} withdrew the alert.` })[l]),
  'alert.expired': () => say('Važnost obaveštenja je istekla.', 'Важност обавештења је истекла.', 'The time of the alert ran out.'),
  'alert.erased': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} briše podatke slučaja.`, 'sr-Cyrl': `${who[l]} брише податке случаја.`, en: `${who[l]} erased the data of the case.` })[l]),
  'draft.begun': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} započinje nacrt.`, 'sr-Cyrl': `${who[l]} започиње нацрт.`, en: `${who[l]} began a draft.` })[l]),
  'draft.handed_in': ({ revision, writers }, { who, officer }) => each((l) => ({
    'sr-Latn': `${who[l]} predaje nacrt kao verziju ${revision}; pisali su: ${writers.map(officer).join(', ')}.`,
    'sr-Cyrl': `${who[l]} предаје нацрт као верзију ${revision}; писали су: ${writers.map(officer).join(', ')}.`,
    en: `${who[l]} handed in the draft as revision ${revision}; written by ${writers.map(officer).join(', ')}.`,
  })[l]),
  'draft.discarded': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} odbacuje nacrt.`, 'sr-Cyrl': `${who[l]} одбацује нацрт.`, en: `${who[l]} discarded the draft.` })[l]),
  'draft.erased': () => say('Nacrt koji niko nije nastavio je obrisan.', 'Нацрт који нико није наставио је обрисан.', 'A draft that nobody went on with was erased.'),
  'photo.stored': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} prilaže fotografiju.`, 'sr-Cyrl': `${who[l]} прилаже фотографију.`, en: `${who[l]} attached a photo.` })[l]),
  'outbox.planned': ({ revision, deliveries }) => count(deliveries, {
    'sr-Latn': { one: `Verzija ${revision}: pripremljena # isporuka.`, few: `Verzija ${revision}: pripremljene # isporuke.`, other: `Verzija ${revision}: pripremljeno # isporuka.` },
    'sr-Cyrl': { one: `Верзија ${revision}: припремљена # испорука.`, few: `Верзија ${revision}: припремљене # испоруке.`, other: `Верзија ${revision}: припремљено # испорука.` },
    en: { one: `Revision ${revision}: # delivery was made.`, other: `Revision ${revision}: # deliveries were made.` },
  }),
  'delivery.attempted': ({ destination, route, attempt, outcome, reason }, { to }) => each((l) => ({
    'sr-Latn': `${to(destination, route)}: ${attempt}. pokušaj, ${outcomeName(outcome)[l]}${because(reason)[l]}.`,
    'sr-Cyrl': `${to(destination, route)}: ${attempt}. покушај, ${outcomeName(outcome)[l]}${because(reason)[l]}.`,
    en: `${to(destination, route)}: attempt ${attempt}, ${outcomeName(outcome)[l]}${because(reason)[l]}.`,
  })[l]),
  'delivery.rerouted': ({ destination, from, to: next, reason }, { to }) => each((l) => ({
    'sr-Latn': `${to(destination)}: sa ${from + 1}. puta prešlo na ${next + 1}. put${because(reason)[l]}.`,
    'sr-Cyrl': `${to(destination)}: са ${from + 1}. пута прешло на ${next + 1}. пут${because(reason)[l]}.`,
    en: `${to(destination)}: moved from route ${from + 1} to route ${next + 1}${because(reason)[l]}.`,
  })[l]),
  'delivery.cancelled': ({ destination, cause }, { to }) => each((l) => ({
    'sr-Latn': `${to(destination)}: isporuka obustavljena${because(cause)[l]}.`, 'sr-Cyrl': `${to(destination)}: испорука обустављена${because(cause)[l]}.`, en: `${to(destination)}: delivery called off${because(cause)[l]}.`,
  })[l]),
  'delivery.dead': ({ destination, attempts, reason }, { to }) => each((l) => ({
    'sr-Latn': `${to(destination)}: čeka odluku čoveka posle ${attempts}. pokušaja${because(reason)[l]}.`,
    'sr-Cyrl': `${to(destination)}: чека одлуку човека после ${attempts}. покушаја${because(reason)[l]}.`,
    en: `${to(destination)}: waits for a person after attempt ${attempts}${because(reason)[l]}.`,
  })[l]),
  'delivery.retried': ({ destination }, { who, to }) => each((l) => ({ 'sr-Latn': `${who[l]} ponovo šalje: ${to(destination)}.`, 'sr-Cyrl': `${who[l]} поново шаље: ${to(destination)}.`, en: `${who[l]} had it sent again: ${to(destination)}.` })[l]),
  'delivery.closed': ({ destination }, { who, to }) => each((l) => ({ 'sr-Latn': `${who[l]} zatvara isporuku: ${to(destination)}.`, 'sr-Cyrl': `${who[l]} затвара испоруку: ${to(destination)}.`, en: `${who[l]} closed a delivery: ${to(destination)}.` })[l]),
  'receipt.received': ({ destination, confirmed, failed }, { to }) => say(
    `${to(destination)}: potvrđeno ${confirmed}, neuspelo ${failed}.`, `${to(destination)}: потврђено ${confirmed}, неуспело ${failed}.`, `${to(destination)}: ${confirmed} confirmed, ${failed} failed.`),
  'airing.settled': ({ destination, slot, state, reason }, { to }) => each((l) => ({
    'sr-Latn': `${to(destination)}: ${slot + 1}. termin, ${SLOTS[state][l]}${because(reason)[l]}.`, 'sr-Cyrl': `${to(destination)}: ${slot + 1}. термин, ${SLOTS[state][l]}${because(reason)[l]}.`,
    en: `${to(destination)}: slot ${slot + 1}, ${SLOTS[state][l]}${because(reason)[l]}.`,
  })[l]),
  'erasure.requested': ({ destination }, { to }) => say(`${to(destination)}: zatraženo brisanje podataka.`, `${to(destination)}: затражено брисање података.`, `${to(destination)}: asked to erase the data.`),
  'erasure.chased': ({ destination, chase, outcome }, { to }) => each((l) => ({
    'sr-Latn': `${to(destination)}: ${chase}. podsećanje na brisanje, ${outcomeName(outcome)[l]}.`, 'sr-Cyrl': `${to(destination)}: ${chase}. подсећање на брисање, ${outcomeName(outcome)[l]}.`,
    en: `${to(destination)}: reminder ${chase} to erase, ${outcomeName(outcome)[l]}.`,
  })[l]),
  'erasure.confirmed': ({ destination, means }, { who, to }) => (means === 'partner'
    ? say(`${to(destination)} potvrđuje da je izbrisao podatke.`, `${to(destination)} потврђује да је избрисао податке.`, `${to(destination)} confirmed that it erased the data.`)
    : each((l) => ({ 'sr-Latn': `${who[l]} beleži da je ${to(destination)} izbrisao podatke.`, 'sr-Cyrl': `${who[l]} бележи да је ${to(destination)} избрисао податке.`, en: `${who[l]} recorded that ${to(destination)} erased the data.` })[l])),
  'breaker.changed': ({ destination, route, state }, { to }) => (state === 'closed'
    ? say(`${to(destination, route)}: ponovo odgovara.`, `${to(destination, route)}: поново одговара.`, `${to(destination, route)}: answers again.`)
    : say(`${to(destination, route)}: ne odgovara kako treba. Slanje ovim putem je zastalo dok provera ne uspe.`, `${to(destination, route)}: не одговара како треба. Слање овим путем је застало док провера не успе.`, `${to(destination, route)}: does not answer as it should. Sending this way is paused until a probe succeeds.`)),
  'officer.added': ({ officer: id }, { who, officer }) => each((l) => ({ 'sr-Latn': `${who[l]} dodaje nalog: ${officer(id)}.`, 'sr-Cyrl': `${who[l]} додаје налог: ${officer(id)}.`, en: `${who[l]} added an account: ${officer(id)}.` })[l]),
  'officer.changed': ({ officer: id, enabled }, { who, officer }) => each((l) => ({
    'sr-Latn': `${who[l]} menja nalog: ${officer(id)}${enabled ? '' : ' (isključen)'}.`, 'sr-Cyrl': `${who[l]} мења налог: ${officer(id)}${enabled ? '' : ' (искључен)'}.`, en: `${who[l]} changed an account: ${officer(id)}${enabled ? '' : ' (disabled)'}.`,
  })[l]),
  'officer.sign_in_reset': ({ officer: id }, { who, officer }) => each((l) => ({ 'sr-Latn': `${who[l]} poništava prijavu naloga: ${officer(id)}.`, 'sr-Cyrl': `${who[l]} поништава пријаву налога: ${officer(id)}.`, en: `${who[l]} reset the sign-in of an account: ${officer(id)}.` })[l]),
  'officer.enrolled': ({ officer: id }, { officer }) => say(`${officer(id)} preuzima nalog.`, `${officer(id)} преузима налог.`, `${officer(id)} took up the account.`),
  'officer.signed_in': ({ method }, { who }) => each((l) => (method === 'passkey'
    ? { 'sr-Latn': `${who[l]} se prijavljuje pristupnim ključem.`, 'sr-Cyrl': `${who[l]} се пријављује приступним кључем.`, en: `${who[l]} signed in with a passkey.` }
    : { 'sr-Latn': `${who[l]} se prijavljuje.`, 'sr-Cyrl': `${who[l]} се пријављује.`, en: `${who[l]} signed in.` })[l]),
  'officer.passkey_added': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} dodaje svoj pristupni ključ.`, 'sr-Cyrl': `${who[l]} додаје свој приступни кључ.`, en: `${who[l]} added a passkey of their own.` })[l]),
  'officer.passkey_removed': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} uklanja svoj pristupni ključ.`, 'sr-Cyrl': `${who[l]} уклања свој приступни кључ.`, en: `${who[l]} removed a passkey of their own.` })[l]),
  'officer.sign_in_failed': ({ officer: id, cause }, { officer }) => each((l) => ({
    'sr-Latn': `Neuspela prijava${id === null ? '' : `: ${officer(id)}`} (${SIGN_IN[cause][l]}).`, 'sr-Cyrl': `Неуспела пријава${id === null ? '' : `: ${officer(id)}`} (${SIGN_IN[cause][l]}).`,
    en: `A sign-in failed${id === null ? '' : `: ${officer(id)}`} (${SIGN_IN[cause][l]}).`,
  })[l]),
  'officer.step_up_failed': ({ cause }, { who }) => each((l) => ({ 'sr-Latn': `${who[l]}: potvrda identiteta nije uspela (${SIGN_IN[cause][l]}).`, 'sr-Cyrl': `${who[l]}: потврда идентитета није успела (${SIGN_IN[cause][l]}).`, en: `${who[l]}: proving who they are failed (${SIGN_IN[cause][l]}).` })[l]),
  'officer.signed_out': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} se odjavljuje.`, 'sr-Cyrl': `${who[l]} се одјављује.`, en: `${who[l]} signed out.` })[l]),
  'officer.sessions_ended': ({ officer: id }, { officer }) => say(`Završene su sve sesije: ${officer(id)}.`, `Завршене су све сесије: ${officer(id)}.`, `All sessions were ended: ${officer(id)}.`),
  'change.proposed': ({ kind, subject }, { who, officer, to }) => each((l) => {
    const what = changeKindName(kind)[l];
    const whose = subject.replace(/^(officer|destination):(.*)$/, (_, of: string, id: string) => (of === 'officer' ? officer(id) : to(id)));
    return { 'sr-Latn': `${who[l]} predlaže izmenu: ${what}, ${whose}.`, 'sr-Cyrl': `${who[l]} предлаже измену: ${what}, ${whose}.`, en: `${who[l]} proposed a change: ${what}, ${whose}.` }[l];
  }),
  'change.confirmed': ({ proposer }, { who, officer }) => each((l) => ({ 'sr-Latn': `${who[l]} potvrđuje izmenu koju predlaže ${officer(proposer)}.`, 'sr-Cyrl': `${who[l]} потврђује измену коју предлаже ${officer(proposer)}.`, en: `${who[l]} confirmed a change proposed by ${officer(proposer)}.` })[l]),
  'change.refused': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} odbija predloženu izmenu.`, 'sr-Cyrl': `${who[l]} одбија предложену измену.`, en: `${who[l]} refused a proposed change.` })[l]),
  'change.taken_back': (_, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} povlači svoj predlog izmene.`, 'sr-Cyrl': `${who[l]} повлачи свој предлог измене.`, en: `${who[l]} took a proposed change back.` })[l]),
  'change.expired': () => say('Predlog izmene je istekao.', 'Предлог измене је истекао.', 'A proposed change expired.'),
  'destination.changed': ({ destination, enabled }, { to }) => (enabled
    ? say(`Dva administratora menjaju odredište: ${to(destination)}.`, `Два администратора мењају одредиште: ${to(destination)}.`, `Two administrators changed a destination: ${to(destination)}.`)
    : say(`Dva administratora isključuju odredište: ${to(destination)}.`, `Два администратора искључују одредиште: ${to(destination)}.`, `Two administrators disabled a destination: ${to(destination)}.`)),
  'master_key.adopted': ({ key }) => say(`Baza je preuzela glavni ključ ${key}.`, `База је преузела главни кључ ${key}.`, `The database took master key ${key}.`),
  'master_key.announced': ({ from, to: next }) => say(`Započeta je zamena glavnog ključa ${from} ključem ${next}.`, `Започета је замена главног кључа ${from} кључем ${next}.`, `Replacing master key ${from} by ${next} was begun.`),
  'master_key.replaced': ({ from, to: next }) => say(
    `Glavni ključ ${from} je zamenjen ključem ${next}: ništa više nije zapečaćeno starim.`, `Главни кључ ${from} је замењен кључем ${next}: ништа више није запечаћено старим.`, `Master key ${from} was replaced by ${next}: nothing is sealed under the old one any more.`),
  'secret.rotated': ({ destination, secret }, { to }) => say(`${to(destination)}: nova tajna „${secret}“.`, `${to(destination)}: нова тајна „${secret}“.`, `${to(destination)}: new secret “${secret}”.`),
  'secret.retired': ({ destination, secret }, { to }) => say(`${to(destination)}: stara tajna „${secret}“ više ne važi.`, `${to(destination)}: стара тајна „${secret}“ више не важи.`, `${to(destination)}: the old secret “${secret}” is no longer valid.`),
  'test.requested': ({ destination }, { to }) => say(`${to(destination)} traži probu veze.`, `${to(destination)} тражи пробу везе.`, `${to(destination)} asked for a connection test.`),
  'test.made': ({ destination, outcome, reason }, { to }) => each((l) => `${to(destination)}: ${say('proba veze', 'проба везе', 'connection test')[l]}, ${outcomeName(outcome)[l]}${because(reason)[l]}.`),
  'audit.exported': ({ facts }, { who }) => each((l) => ({ 'sr-Latn': `${who[l]} izvozi zapis: ${facts} činjenica.`, 'sr-Cyrl': `${who[l]} извози запис: ${facts} чињеница.`, en: `${who[l]} exported the audit: ${facts} facts.` })[l]),
};

const SLOTS: Readonly<Record<FactBody<'airing.settled'>['state'], Wording>> = {
  aired: say('emitovano', 'емитовано', 'aired'), late: say('emitovano kasno', 'емитовано касно', 'aired late'), missed: say('propušteno', 'пропуштено', 'missed'), stopped: say('zaustavljeno', 'заустављено', 'stopped'),
};
const SIGN_IN: Readonly<Record<FactBody<'officer.sign_in_failed'>['cause'], Wording>> = {
  name_unknown: say('nepoznato ime', 'непознато име', 'unknown name'), password_wrong: say('pogrešna lozinka', 'погрешна лозинка', 'wrong password'), code_wrong: say('pogrešan kod', 'погрешан код', 'wrong code'),
  code_replayed: say('kod je već upotrebljen', 'код је већ употребљен', 'the code was used before'), disabled: say('nalog je isključen', 'налог је искључен', 'the account is disabled'),
  not_enrolled: say('nalog nije preuzet', 'налог није преузет', 'the account was not taken up'), passkey_unknown: say('nepoznat pristupni ključ', 'непознат приступни кључ', 'unknown passkey'),
  passkey_refused: say('pristupni ključ nije prihvaćen', 'приступни кључ није прихваћен', 'the passkey was not accepted'),
  counter_back: say('brojač pristupnog ključa ide unazad', 'бројач приступног кључа иде уназад', 'the counter of the passkey went back'),
};

const SYSTEM = say('Sistem', 'Систем', 'The system');

/**
 * A fact in one sentence in each language. It holds no more than the fact does, which is nothing of the child. A fact of a kind
 * that this console does not know yet is named by its type.
 */
export function tell({ type, actor, body }: ToldFact, names: Names): Wording {
  const officer = (id: string): string => names.officer(id) ?? id.slice(0, 8);
  const to = (id: string, route = 0): string => `${names.destination(id) ?? id}${route > 0 ? ` #${route + 1}` : ''}`;
  const [kind, id = ''] = actor.split(':');
  const who = kind === 'officer' ? each(() => officer(id)) : kind === 'destination' ? each(() => to(id)) : SYSTEM;
  if (!Object.hasOwn(SENTENCES, type)) return each((l) => `${who[l]}: ${type}.`);
  // The API gives facts as they were checked when they were made.
  return (SENTENCES[type as FactType] as (body: unknown, told: Told) => Wording)(body, { who, officer, to });
}
