import { say } from './language.js';

export const texts = {
  brand: say('Pronađi me', 'Пронађи ме', 'Find Me'),
  skip: say('Pređi na sadržaj', 'Пређи на садржај', 'Skip to content'),
  loading: say('Učitava se…', 'Учитава се…', 'Loading…'),
  nothingHere: say('Na ovoj adresi nema ničega', 'На овој адреси нема ничега', 'There is nothing at this address'),
  toStart: say('Na početak', 'На почетак', 'To the start'),
  signIn: say('Prijava', 'Пријава', 'Sign in'),
  signOut: say('Odjava', 'Одјава', 'Sign out'),
  language: say('Jezik', 'Језик', 'Language'),
  scheme: say('Boje', 'Боје', 'Colours'),
  schemes: {
    system: say('Boje sistema', 'Боје система', 'System colours'),
    light: say('Svetlo', 'Светло', 'Light'),
    dark: say('Tamno', 'Тамно', 'Dark'),
  },
  lost: (time: string) => say(
    `Nema veze sa serverom od ${time}. Pokušavamo ponovo. Ništa se ne odobrava i ne šalje dok se veza ne vrati; ovu stranicu ne zatvarajte.`,
    `Нема везе са сервером од ${time}. Покушавамо поново. Ништа се не одобрава и не шаље док се веза не врати; ову страницу не затварајте.`,
    `No connection to the server since ${time}. We keep trying. Nothing is approved or sent until it is back; do not close this page.`),
  sessionEnded: say('Sesija je završena', 'Сесија је завршена', 'The session has ended'),
  endCauses: {
    idle: say('Pola sata niko nije radio.', 'Пола сата нико није радио.', 'Nobody worked for half an hour.'),
    expired: say('Prošlo je 12 sati od prijave.', 'Прошло је 12 сати од пријаве.', 'It is 12 hours since you signed in.'),
    signed_out: say('Odjavili ste se.', 'Одјавили сте се.', 'You signed out.'),
    ended_elsewhere: say('Završili ste je sa drugog mesta.', 'Завршили сте је са другог места.', 'You ended it from somewhere else.'),
    too_many_tries: say('Bilo je previše pogrešnih potvrda.', 'Било је превише погрешних потврда.', 'There were too many wrong confirmations.'),
    disabled: say('Vaš nalog je isključen. Obratite se administratoru.', 'Ваш налог је искључен. Обратите се администратору.', 'Your account was disabled. Ask an administrator.'),
    reset: say('Vaša prijava je poništena. Od dva administratora dobijate nov kod.', 'Ваша пријава је поништена. Од два администратора добијате нов код.', 'Your sign-in was reset. Two administrators give you a new code.'),
    unknown: say('Server je više ne poznaje.', 'Сервер је више не познаје.', 'The server no longer knows it.'),
  },
  sessionEndedText: say('Prijavite se ponovo. Ono što ste pisali ostaje na stranici.', 'Пријавите се поново. Оно што сте писали остаје на страници.', 'Sign in again. What you were writing stays on the page.'),
  notYours: say('Ovo nije za vašu ulogu', 'Ово није за вашу улогу', 'This is not for your role'),
  notYoursText: say('Prijavljeni ste, ali vaša uloga ne otvara ovaj sto.', 'Пријављени сте, али ваша улога не отвара овај сто.', 'You are signed in, but your role does not open this desk.'),
  broken: say('Stranica je prestala da radi', 'Страница је престала да ради', 'The page stopped working'),
  brokenText: say('Greška je u ovoj stranici, ne u obaveštenjima: ono što je odobreno ide dalje. Učitajte stranicu ponovo.', 'Грешка је у овој страници, не у обавештењима: оно што је одобрено иде даље. Учитајте страницу поново.', 'The fault is in this page, not in the alerts: what was approved goes on. Load the page again.'),
  reload: say('Učitaj ponovo', 'Учитај поново', 'Load again'),
};
