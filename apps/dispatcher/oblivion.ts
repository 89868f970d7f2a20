import type { House } from '#apps/composition.js';
import { Changes } from '#identity/changes.js';
import { PgChangeStore } from '#storage/change-store.js';
import { PgThrottleStore } from '#storage/officer-store.js';
import { PgPasskeyStore } from '#storage/passkey-store.js';

/** Counters of sign-ins say nothing more after this long (`libs/identity/throttle.ts`). */
const COUNTERS_MS = 31 * 86_400_000;
const CHALLENGES_MS = 3_600_000;

/** What identity lets go of by the clock: old counters and challenges, and changes that nobody confirmed in time. */
export async function letGo({ source, masterKey, clock, ids }: House): Promise<void> {
  const now = clock.now().getTime();
  await new PgThrottleStore(source).forget(new Date(now - COUNTERS_MS));
  await new PgPasskeyStore(source).forgetChallenges(new Date(now - CHALLENGES_MS));
  await new Changes({ store: new PgChangeStore(source), kinds: {}, masterKey, clock, ids }).lapse();
}
