import { networkInterfaces } from 'node:os';
import type { DataSource } from 'typeorm';
import { readConfiguration, type Configuration } from '#config/configuration.js';
import { readEnvironment, type Environment } from '#config/environment.js';
import { masterKeysIn, secretsIn, type SecretReader } from '#config/secrets.js';
import { catalog, channelByKind } from '#channels/catalog.js';
import { OutgoingRules } from '#dispatch/outgoing.js';
import { refuseAny } from '#kernel/errors.js';
import { systemClock, type Clock } from '#kernel/clock.js';
import { randomIds, type Ids } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import type { MasterKey } from '#kernel/master-key.js';
import { Composer } from '#alerts/compose.js';
import { PgAlertStore } from '#storage/alert-store.js';
import { PgAudience } from '#storage/audience-store.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase } from '#storage/database.js';
import { PgDeliveryStore } from '#storage/delivery-store.js';
import { PgDestinationStore } from '#storage/destination-store.js';
import { openMasterKey } from '#storage/master-key-store.js';
import { PgSecretStore } from '#storage/secret-store.js';
import { processLog } from './log.js';
import { PartnerBook } from './partner-book.js';

/** What every application of the house stands on. */
export interface House {
  readonly environment: Environment;
  readonly secret: SecretReader;
  /** Its destinations are those in force at the moment of asking. */
  readonly configuration: Configuration;
  /** Destinations and their secrets, kept up to date. */
  readonly book: PartnerBook;
  /** Where connections to destinations may go. */
  readonly outgoing: OutgoingRules;
  readonly source: DataSource;
  /** Wraps the keys of cases and seals second factors. */
  readonly masterKey: MasterKey;
  readonly alerts: PgAlertStore;
  readonly deliveries: PgDeliveryStore;
  readonly audience: PgAudience;
  readonly composer: Composer;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  close(): Promise<void>;
}

/**
 * Composes an application from its environment: configuration and secrets are read whole and checked before anything is
 * opened. Throws a refusal that lists every fault.
 */
export async function openHouse(app: string, variables: NodeJS.ProcessEnv): Promise<House> {
  const environment = readEnvironment(variables);
  const seed = readConfiguration(environment.FINDME_CONFIG, catalog);
  const outgoing = await OutgoingRules.open({ ...seed.outgoing, own: ownServers(environment) });
  refuseAny(seed.destinations.flatMap((destination, n) => outgoing.faultsOf(destination, channelByKind).map((fault) => ({ ...fault, field: `destinations.${n}.${fault.field}` }))));
  const secret = secretsIn(environment.FINDME_SECRETS);
  const readKeys = masterKeysIn(environment.FINDME_SECRETS);
  readKeys();
  const source = await openDatabase({ url: environment.DATABASE_URL, name: `findme-${app}` });
  const masterKey = await openMasterKey(source, readKeys).catch(async (error: unknown) => {
    await source.destroy();
    throw error;
  });
  const keys = new CaseKeys(masterKey);
  const clock = systemClock;
  const log = processLog(app);
  const book = await PartnerBook.open({ seed: seed.destinations, secret, secrets: new PgSecretStore(source, masterKey, clock, randomIds), stored: new PgDestinationStore(source), outgoing, files: seed.files, clock, log });
  return {
    environment, secret, configuration: book.over(seed), book, outgoing, source, masterKey, clock, ids: randomIds, log,
    alerts: new PgAlertStore(source, keys, randomIds),
    deliveries: new PgDeliveryStore(source, keys, clock, randomIds),
    audience: new PgAudience(source, masterKey, clock, randomIds, log),
    composer: new Composer({ publicUrl: environment.FINDME_PUBLIC_URL }),
    close: async () => {
      await book.close();
      await source.destroy();
    },
  };
}

/** What listens for the house itself: a destination that leads there is none. */
function ownServers({ DATABASE_URL, REDIS_URL, HOST, PORT, FINDME_DISPATCHER_PORT, FINDME_PARTNERS_PORT }: Environment): readonly { readonly host: string; readonly port?: number }[] {
  const servers = [DATABASE_URL, REDIS_URL].flatMap((url) => {
    const { hostname = '', port = '', protocol = '' } = url === undefined ? {} : new URL(url);
    return hostname === '' ? [] : [{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol.startsWith('redis') ? 6379 : 5432)) }];
  });
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all).filter(({ internal }) => !internal);
  return [...servers, ...[PORT, FINDME_DISPATCHER_PORT, FINDME_PARTNERS_PORT].filter((port) => port > 0).map((port) => ({ host: HOST === '::1' ? HOST : '127.0.0.1', port })), ...addresses.map(({ address }) => ({ host: address }))];
}
