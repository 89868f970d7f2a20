import { say } from '../language.js';

export const texts = {
  passkeyFirst: say('Potvrdite da ste to vi: pristupnim ključem.', 'Потврдите да сте то ви: приступним кључем.', 'Confirm that it is you: with your passkey.'),
  codeOnly: say('Potvrdite da ste to vi: novim jednokratnim kodom.', 'Потврдите да сте то ви: новим једнократним кодом.', 'Confirm that it is you: with a fresh one-time code.'),
  code: say('Jednokratni kod', 'Једнократни код', 'One-time code'),
  codeHint: say('Šest cifara iz aplikacije za potvrdu; svaki kod važi jednom', 'Шест цифара из апликације за потврду; сваки код важи једном', 'Six digits from your authenticator app; each code is good once'),
  withPasskey: say('pristupnim ključem', 'приступним кључем', 'with passkey'),
  useCode: say('Koristi kod', 'Користи код', 'Use a code instead'),
  usePasskey: say('Koristi pristupni ključ', 'Користи приступни кључ', 'Use the passkey instead'),
  abandoned: say('Pristupni ključ nije dat. Ništa nije poslato; pokušajte ponovo ili koristite kod.', 'Приступни кључ није дат. Ништа није послато; покушајте поново или користите код.', 'No passkey was given. Nothing was sent; try again or use a code.'),
  unreachable: say(
    'Server ne odgovara. Ne zna se da li je odluka primljena: proverite stanje kada se veza vrati.',
    'Сервер не одговара. Не зна се да ли је одлука примљена: проверите стање када се веза врати.',
    'The server does not answer. Whether the decision was taken is not known: check when the connection is back.'),
  unforeseen: (code: string) => say(`Nije uspelo${code && ` (${code})`}.`, `Није успело${code && ` (${code})`}.`, `That failed${code && ` (${code})`}.`),
  refused: {
    STEP_UP_MISSING: say('Potreban je pristupni ključ ili kod.', 'Потребан је приступни кључ или код.', 'A passkey or a code is needed.'),
    CODE_WRONG: say('Kod nije tačan.', 'Код није тачан.', 'The code is wrong.'),
    CODE_REPLAYED: say('Taj kod je već iskorišćen. Sačekajte sledeći.', 'Тај код је већ искоришћен. Сачекајте следећи.', 'That code has been used. Wait for the next one.'),
    PASSKEY_REFUSED: say('Pristupni ključ nije prihvaćen. Pokušajte ponovo ili koristite kod.', 'Приступни кључ није прихваћен. Покушајте поново или користите код.', 'The passkey was not accepted. Try again or use a code.'),
    PASSKEY_UNAVAILABLE: say('Pristupni ključevi ne rade na ovoj adresi. Koristite kod.', 'Приступни кључеви не раде на овој адреси. Користите код.', 'Passkeys do not work at this address. Use a code.'),
    PASSKEY_MISSING: say('Nemate taj pristupni ključ. Koristite kod.', 'Немате тај приступни кључ. Користите код.', 'You have no such passkey. Use a code.'),
    SIGN_IN_THROTTLED: say('Previše pokušaja. Sačekajte malo pa pokušajte ponovo.', 'Превише покушаја. Сачекајте мало па покушајте поново.', 'Too many attempts. Wait a little and try again.'),
    SESSION_MISSING: say('Sesija je završena. Prijavite se ponovo.', 'Сесија је завршена. Пријавите се поново.', 'The session has ended. Sign in again.'),
  },
};
