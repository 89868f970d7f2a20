import { say } from '../language.js';

export const texts = {
  title: say('Preuzimanje naloga', 'Преузимање налога', 'Take up your account'),
  intro: say(
    'Dva administratora su vam dala po jednu polovinu koda. Sa obe polovine postavljate svoju lozinku i svoj drugi faktor, koje niko drugi ne zna. Kod važi 24 sata.',
    'Два администратора су вам дала по једну половину кода. Са обе половине постављате своју лозинку и свој други фактор, које нико други не зна. Код важи 24 сата.',
    'Two administrators gave you one half of a code each. With both you set your own password and your own second factor, which nobody else knows. The code is good for 24 hours.'),
  proposerHalf: say('Polovina od administratora koji je predložio', 'Половина од администратора који је предложио', 'Half from the administrator who proposed'),
  confirmerHalf: say('Polovina od administratora koji je potvrdio', 'Половина од администратора који је потврдио', 'Half from the administrator who confirmed'),
  halfHint: say('Oblik: abcd-efgh-2345', 'Облик: abcd-efgh-2345', 'Form: abcd-efgh-2345'),
  next: say('Dalje', 'Даље', 'Next'),
  welcome: (name: string) => say(`Dobro došli, ${name}.`, `Добро дошли, ${name}.`, `Welcome, ${name}.`),
  userName: say('Vaše korisničko ime', 'Ваше корисничко име', 'Your user name'),
  factor: say('Drugi faktor', 'Други фактор', 'Second factor'),
  factorText: say('Skenirajte sliku aplikacijom za potvrdu, ili unesite tajnu rukom.', 'Скенирајте слику апликацијом за потврду, или унесите тајну руком.', 'Scan the picture with your authenticator app, or type the secret in.'),
  qr: say('QR kod za aplikaciju za potvrdu; isto piše ispod kao tajna', 'QR код за апликацију за потврду; исто пише испод као тајна', 'QR code for the authenticator app; the same stands below as the secret'),
  secret: say('Tajna', 'Тајна', 'Secret'),
  code: say('Jednokratni kod iz aplikacije', 'Једнократни код из апликације', 'One-time code from the app'),
  codeHint: say('Šest cifara; pokazuju da aplikacija radi', 'Шест цифара; показују да апликација ради', 'Six digits; they show that the app works'),
  password: say('Nova lozinka', 'Нова лозинка', 'New password'),
  passwordHint: say('Najmanje 12 znakova; nekoliko reči koje samo vi spajate', 'Најмање 12 знакова; неколико речи које само ви спајате', 'At least 12 characters; a few words that only you would put together'),
  again: say('Nova lozinka ponovo', 'Нова лозинка поново', 'New password again'),
  notSame: say('Lozinke nisu iste.', 'Лозинке нису исте.', 'The passwords are not the same.'),
  finish: say('Preuzmi nalog', 'Преузми налог', 'Take up the account'),
  done: say('Nalog je vaš. Sačekajte sledeći kod u aplikaciji, pa se prijavite.', 'Налог је ваш. Сачекајте следећи код у апликацији, па се пријавите.', 'The account is yours. Wait for the next code in the app, then sign in.'),
  toSignIn: say('Na prijavu', 'На пријаву', 'To sign in'),
  refused: {
    ENROLMENT_INVALID: say('Kod nije ispravan, iskorišćen je ili je istekao. Obratite se administratoru.', 'Код није исправан, искоришћен је или је истекао. Обратите се администратору.', 'The code is wrong, used or over. Ask an administrator.'),
    PASSWORD_WEAK: say('Lozinka je preslaba: najmanje 12 znakova, ne ono što se prvo proba.', 'Лозинка је преслаба: најмање 12 знакова, не оно што се прво проба.', 'The password is too weak: at least 12 characters, and not what is tried first.'),
    CODE_WRONG: say('Kod iz aplikacije nije tačan.', 'Код из апликације није тачан.', 'The code from the app is wrong.'),
    SIGN_IN_THROTTLED: say('Previše pokušaja. Sačekajte malo.', 'Превише покушаја. Сачекајте мало.', 'Too many attempts. Wait a little.'),
  },
};
