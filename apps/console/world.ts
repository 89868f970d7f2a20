import { useLocation } from 'wouter';
import type { Mode } from '#alerts/notice.js';
import { say, type Wording } from './language.js';

/** Drill or live: other addresses, other colours, other words. */
export interface World {
  readonly mode: Mode;
  readonly name: Wording;
  readonly warning: Wording;
}

export const WORLDS: Readonly<Record<Mode, World>> = {
  drill: { mode: 'drill', name: say('VEŽBA', 'ВЕЖБА', 'DRILL'), warning: say('VEŽBA · ništa ovde nije stvarno i ne ide javnosti', 'ВЕЖБА · ништа овде није стварно и не иде јавности', 'DRILL · nothing here is real or goes to the public') },
  live: { mode: 'live', name: say('UŽIVO', 'УЖИВО', 'LIVE'), warning: say('UŽIVO · ono što se odobri odmah ide javnosti', 'УЖИВО · оно што се одобри одмах иде јавности', 'LIVE · what is approved goes to the public at once') },
};

/** The world that the address belongs to; undefined where it belongs to none. */
export function useWorld(): World | undefined {
  const [path] = useLocation();
  const mode = /^\/(drill|live)(?:\/|$)/.exec(path)?.[1];
  return mode === undefined ? undefined : WORLDS[mode as Mode];
}
