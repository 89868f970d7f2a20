import { Refused, Unreachable } from '../api.js';
import { say, type Wording } from '../language.js';

const unreachable = say('Server ne odgovara. Pokušajte ponovo.', 'Сервер не одговара. Покушајте поново.', 'The server does not answer. Try again.');

/** An error in words: those of `known` by its code, else its code. */
export function wordsFor(error: Error, known: Readonly<Record<string, Wording>>): Wording {
  if (error instanceof Unreachable) return unreachable;
  const code = error instanceof Refused ? error.code : '';
  return known[code] ?? say(`Nije uspelo${code && ` (${code})`}.`, `Није успело${code && ` (${code})`}.`, `That failed${code && ` (${code})`}.`);
}
