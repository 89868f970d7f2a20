/** What a receipt's word says of an airing. */
export interface AiredWord {
  /** Undefined where the partner does not say how long it was. */
  readonly seconds?: number;
  readonly silent: boolean;
}

/** The word of a receipt that proves an airing: `aired`, or `aired 24` with its whole seconds; `no voice` behind it where it was silent. */
export const airedWord = (seconds: number, silent: boolean): string => `aired ${Math.round(seconds)}${silent ? ' no voice' : ''}`;

/** Reads `airedWord`, or a partner's plain `aired`; undefined for any other word. */
export function readAiredWord(word: string): AiredWord | undefined {
  const [whole, seconds, silent] = /^aired(?: (\d{1,5}(?:\.\d{1,3})?) ?s?)?( no voice)?$/i.exec(word) ?? [];
  if (whole === undefined) return undefined;
  return { ...(seconds !== undefined && { seconds: Number(seconds) }), silent: silent !== undefined };
}
