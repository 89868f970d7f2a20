import { say } from '../language.js';

export const texts = {
  userName: say('Korisničko ime', 'Корисничко име', 'User name'),
  password: say('Lozinka', 'Лозинка', 'Password'),
  code: say('Jednokratni kod', 'Једнократни код', 'One-time code'),
  codeHint: say('Šest cifara iz aplikacije za potvrdu', 'Шест цифара из апликације за потврду', 'Six digits from your authenticator app'),
  signIn: say('Prijavi se', 'Пријави се', 'Sign in'),
  or: say('ili', 'или', 'or'),
  withPasskey: say('Prijavi se pristupnim ključem', 'Пријави се приступним кључем', 'Sign in with a passkey'),
  abandoned: say('Pristupni ključ nije dat. Pokušajte ponovo ili se prijavite lozinkom.', 'Приступни кључ није дат. Покушајте поново или се пријавите лозинком.', 'No passkey was given. Try again, or sign in with your password.'),
  refused: {
    PASSKEY_REFUSED: say('Pristupni ključ nije prihvaćen. Prijavite se lozinkom i kodom.', 'Приступни кључ није прихваћен. Пријавите се лозинком и кодом.', 'The passkey was not accepted. Sign in with password and code.'),
    PASSKEY_UNAVAILABLE: say('Pristupni ključevi ne rade na ovoj adresi. Prijavite se lozinkom i kodom.', 'Приступни кључеви не раде на овој адреси. Пријавите се лозинком и кодом.', 'Passkeys do not work at this address. Sign in with password and code.'),
    CREDENTIALS_WRONG: say('Korisničko ime, lozinka i kod ne pripadaju jedno drugom.', 'Корисничко име, лозинка и код не припадају једно другом.', 'User name, password and code do not belong together.'),
    CODE_REPLAYED: say('Taj kod je već iskorišćen. Sačekajte sledeći.', 'Тај код је већ искоришћен. Сачекајте следећи.', 'That code has been used. Wait for the next one.'),
    SIGN_IN_THROTTLED: say('Previše pokušaja. Sačekajte malo pa pokušajte ponovo.', 'Превише покушаја. Сачекајте мало па покушајте поново.', 'Too many attempts. Wait a little and try again.'),
  },
  unreachable: say('Server ne odgovara. Pokušajte ponovo.', 'Сервер не одговара. Покушајте поново.', 'The server does not answer. Try again.'),
  unforeseen: say('Prijava nije uspela.', 'Пријава није успела.', 'Signing in failed.'),
};
