import type { Role } from '#identity/officer.js';
import { say, type Wording } from '../language.js';

export const ROLE_NAMES: Readonly<Record<Role, Wording>> = {
  author: say('autor', 'аутор', 'author'), approver: say('odobravalac', 'одобравалац', 'approver'), auditor: say('revizor', 'ревизор', 'auditor'),
  administrator: say('administrator', 'администратор', 'administrator'), partner: say('partner', 'партнер', 'partner'),
};

export const texts = {
  title: say('Administracija', 'Администрација', 'Administration'),
  intro: say(
    'Svaku izmenu predlaže jedan administrator, a potvrđuje drugi. Dok je drugi ne potvrdi, ništa se ne menja; posle 72 sata predlog ističe.',
    'Сваку измену предлаже један администратор, а потврђује други. Док је други не потврди, ништа се не мења; после 72 сата предлог истиче.',
    'Every change is proposed by one administrator and confirmed by another. Until then nothing changes; after 72 hours a proposal lapses.'),

  waiting: say('Izmene koje čekaju', 'Измене које чекају', 'Changes that wait'),
  noneWaiting: say('Nijedna izmena ne čeka.', 'Ниједна измена не чека.', 'No change is waiting.'),
  settled: say('Skorašnje izmene', 'Скорашње измене', 'Recent changes'),
  noneSettled: say('Još nije bilo izmena.', 'Још није било измена.', 'There has been no change yet.'),
  change: say('Izmena', 'Измена', 'Change'),
  proposed: say('Predložio', 'Предложио', 'Proposed by'),
  expires: say('Ističe', 'Истиче', 'Lapses'),
  outcome: say('Ishod', 'Исход', 'Outcome'),
  actions: say('Radnje', 'Радње', 'Actions'),
  yours: say('Vaš predlog; potvrđuje ga drugi administrator.', 'Ваш предлог; потврђује га други администратор.', 'Your proposal; another administrator confirms it.'),
  statuses: {
    open: say('čeka', 'чека', 'waiting'), confirmed: say('potvrđeno', 'потврђено', 'confirmed'), refused: say('odbijeno', 'одбијено', 'refused'),
    taken_back: say('povučeno', 'повучено', 'taken back'), expired: say('isteklo', 'истекло', 'lapsed'),
  },
  inForce: (enabling: boolean) => (enabling ? say('Na snagu stupa:', 'На снагу ступа:', 'What comes into force:') : say('Isključuje se:', 'Искључује се:', 'What is switched off:')),
  now: (roles: string, state: string) => say(`Sada: ${roles}; ${state}`, `Сада: ${roles}; ${state}`, `Now: ${roles}; ${state}`),
  whole: say('Ceo zapis odredišta', 'Цео запис одредишта', 'The whole destination'),
  hasSecret: say('Uz predlog ide i tajna, koja se ne prikazuje.', 'Уз предлог иде и тајна, која се не приказује.', 'A secret goes with it, which is not shown.'),
  confirm: say('Potvrdi', 'Потврди', 'Confirm'),
  confirmTitle: say('Potvrditi izmenu?', 'Потврдити измену?', 'Confirm this change?'),
  confirmText: (who: string) => say(`Predložio: ${who}. Izmena se izvršava odmah.`, `Предложио: ${who}. Измена се извршава одмах.`, `Proposed by ${who}. It is carried out at once.`),
  refuse: say('Odbij', 'Одбиј', 'Refuse'),
  refuseTitle: say('Odbiti izmenu?', 'Одбити измену?', 'Refuse this change?'),
  reason: say('Razlog', 'Разлог', 'Reason'),
  reasonHint: say('Čita ga onaj ko je predložio', 'Чита га онај ко је предложио', 'Whoever proposed it reads this'),
  reasonMissing: say('Napišite razlog.', 'Напишите разлог.', 'Write a reason.'),
  takeBack: say('Povuci', 'Повуци', 'Take back'),
  cancel: say('Odustani', 'Одустани', 'Cancel'),
  about: (action: string, what: string) => say(`${action}: ${what}`, `${action}: ${what}`, `${action}: ${what}`),

  half: say('Vaša polovina koda', 'Ваша половина кода', 'Your half of the code'),
  halfText: (path: string) => say(
    `Predajte je službeniku lično. Druga polovina je kod drugog administratora. Službenik na adresi ${path} unosi obe i postavlja svoju lozinku i drugi faktor. Prikazuje se samo sada.`,
    `Предајте је службенику лично. Друга половина је код другог администратора. Службеник на адреси ${path} уноси обе и поставља своју лозинку и други фактор. Приказује се само сада.`,
    `Hand it to the officer in person. The other administrator has the other half. At ${path} the officer types both and sets their own password and second factor. It is shown only now.`),
  noted: say('Zapisao sam je', 'Записао сам је', 'I have noted it'),
  done: {
    proposed: say('Predlog je poslat drugom administratoru.', 'Предлог је послат другом администратору.', 'The proposal now waits for another administrator.'),
    confirmed: say('Izmena je potvrđena i izvršena.', 'Измена је потврђена и извршена.', 'The change is confirmed and carried out.'),
    refused: say('Izmena je odbijena.', 'Измена је одбијена.', 'The change is refused.'),
    takenBack: say('Predlog je povučen.', 'Предлог је повучен.', 'The proposal is taken back.'),
  },

  officers: say('Službenici', 'Службеници', 'Officers'),
  name: say('Ime', 'Име', 'Name'),
  nameHint: say('Kako ga drugi vide', 'Како га други виде', 'As others see it'),
  userName: say('Korisničko ime', 'Корисничко име', 'User name'),
  userNameHint: say('3 do 40 malih slova, cifara i znakova . _ -', '3 до 40 малих слова, цифара и знакова . _ -', '3 to 40 small letters, digits and . _ -'),
  roles: say('Uloge', 'Улоге', 'Roles'),
  rolesHint: say('Autor i odobravalac mogu zajedno; ostale uloge su same.', 'Аутор и одобравалац могу заједно; остале улоге су саме.', 'Author and approver may go together; the others stand alone.'),
  state: say('Stanje', 'Стање', 'State'),
  enabled: say('uključen', 'укључен', 'enabled'),
  disabled: say('isključen', 'искључен', 'disabled'),
  notEnrolled: say('nalog nije preuzet', 'налог није преузет', 'has not taken up the account'),
  add: say('Dodaj službenika', 'Додај службеника', 'Add an officer'),
  alter: say('Izmeni', 'Измени', 'Change'),
  reset: say('Poništi prijavu', 'Поништи пријаву', 'Reset sign-in'),
  resetText: say(
    'Za izgubljen drugi faktor ili lozinku. Kada drugi administrator potvrdi, završavaju se sve sesije, a lozinka, kod i pristupni ključevi prestaju da važe; službenik preuzima nalog novim kodom.',
    'За изгубљен други фактор или лозинку. Када други администратор потврди, завршавају се све сесије, а лозинка, код и приступни кључеви престају да важе; службеник преузима налог новим кодом.',
    'For a lost second factor or password. Once another administrator confirms, all sessions end, and password, code and passkeys are no longer valid; the officer takes up the account with a new code.'),
  mayEnter: say('Sme da se prijavi', 'Сме да се пријави', 'May sign in'),
  propose: say('Predloži', 'Предложи', 'Propose'),
  rolesMissing: say('Izaberite bar jednu ulogu.', 'Изаберите бар једну улогу.', 'Choose at least one role.'),

  refusals: {
    CHANGE_PENDING: say('Za to već postoji izmena koja čeka.', 'За то већ постоји измена која чека.', 'A change of that is waiting already.'),
    CHANGE_SETTLED: say('Izmena je u međuvremenu rešena ili je istekla.', 'Измена је у међувремену решена или је истекла.', 'The change has been settled meanwhile, or has lapsed.'),
    CHANGE_OWN: say('Svoj predlog ne potvrđujete i ne odbijate sami.', 'Свој предлог не потврђујете и не одбијате сами.', 'You do not confirm or refuse your own proposal.'),
    CHANGE_INVALID: say('Predlog nije potpun ili nije ispravan.', 'Предлог није потпун или није исправан.', 'The proposal is not complete or not right.'),
    DESTINATION_BUSY: say('Kome i u kojim delovima odredište šalje ne menja se dok je obaveštenje koje je tamo poslato na snazi.', 'Коме и у којим деловима одредиште шаље не мења се док је обавештење које је тамо послато на снази.', 'Whom a destination reaches, and in which parts, does not change while an alert that went there is active.'),
    ADMINISTRATORS_TOO_FEW: say('Moraju ostati bar dva administratora koji mogu da se prijave.', 'Морају остати бар два администратора који могу да се пријаве.', 'At least two administrators who can sign in must remain.'),
    USER_NAME_TAKEN: say('To korisničko ime već postoji.', 'То корисничко име већ постоји.', 'That user name is taken.'),
    OFFICER_INVALID: say('Ime, korisničko ime ili uloge nisu ispravni.', 'Име, корисничко име или улоге нису исправни.', 'Name, user name or roles are not right.'),
    REASON_MISSING: say('Napišite razlog.', 'Напишите разлог.', 'Write a reason.'),
    ROLE_MISSING: say('Za to je potreban administrator.', 'За то је потребан администратор.', 'That needs an administrator.'),
  },
};
