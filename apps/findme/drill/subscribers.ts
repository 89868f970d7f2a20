import { FakeSubscriber } from '#channels/web-push/fake-subscriber.js';
import { seedOfSubscribers, subscriberNames } from '#channels/web-push/fake-partner.js';
import { writeContact } from '#channels/web-push/subscription.js';
import { LANGUAGES } from '#alerts/content.js';
import { systemClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { PgAudience } from '#storage/audience-store.js';
import { masterKeysIn } from '#config/secrets.js';
import { adoptMasterKey } from '#storage/master-key-store.js';
import { openDatabase, rows } from '#storage/database.js';

export interface SubscriberSeeding {
  /** The database as a login that may do what the owner may. */
  readonly ownerUrl: string;
  /** Folder of the secrets: the master key is there. */
  readonly folder: string;
  /** The private key of the simulated push service, which its browsers' keys come from. */
  readonly serverKey: string;
  /** Origin of the simulated push service. */
  readonly origin: string;
  readonly count: number;
}

const AT_ONCE = 32;

/**
 * Writes the fictional browsers of a drill into the audience, in place of those of an earlier drill. They do not come through
 * the public door: it is spaced, and a hundred thousand would take it an hour.
 */
export async function seedSubscribers({ ownerUrl, folder, serverKey, origin, count }: SubscriberSeeding): Promise<void> {
  // Invented people: nothing is lost with them when the power fails.
  const url = new URL(ownerUrl);
  url.searchParams.set('options', '-c synchronous_commit=off');
  const source = await openDatabase({ url: url.href, name: 'findme-subscribers', poolSize: 4, acquireTimeoutMs: 30_000 });
  try {
    await rows(source, `DELETE FROM subscribers WHERE kind = 'web-push' AND mode = 'drill'`);
    const masterKey = await adoptMasterKey(source, masterKeysIn(folder), systemClock, randomIds);
    const audience = new PgAudience(source, masterKey, systemClock, randomIds, silentLog);
    const seed = seedOfSubscribers(serverKey);
    const names = subscriberNames('drill', count).entries();
    const work = async (): Promise<void> => {
      for (const [n, name] of names) {
        const subscription = new FakeSubscriber(seed, name).subscription(origin);
        await audience.add({
          kind: 'web-push', mode: 'drill', language: LANGUAGES[n % LANGUAGES.length]!, districts: null, identity: subscription.endpoint, contact: writeContact(subscription), confirmed: true,
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await source.destroy();
  }
}
