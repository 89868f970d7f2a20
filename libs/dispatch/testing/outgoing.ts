import { OutgoingRules } from '../outgoing.js';

/** The ways out of a house without leased lines and without servers of its own. */
export const plainRules = await OutgoingRules.open({ private: [], tunnels: [], own: [] });

/** The ways out to a partner that the house plays, on loopback. */
export const toLoopback = plainRules.of({ simulated: true });
