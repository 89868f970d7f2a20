import type { Configuration } from '#config/configuration.js';
import type { SecretReader } from '#config/secrets.js';
import type { Clock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import type { Destination } from '#dispatch/channel.js';
import { stateOf, validValues, type SecretGeneration, type SecretState } from '#dispatch/secret-generations.js';
import type { PgSecretStore } from '#storage/secret-store.js';
import { Listening } from './listening.js';

export interface PartnerBookInput {
  /** The destinations of the configuration file. */
  readonly seed: readonly Destination[];
  /** The secrets that are files. */
  readonly secret: SecretReader;
  readonly secrets: PgSecretStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** What no NOTIFY told is found so often, in milliseconds. */
const SWEEP_MS = 30_000;

/**
 * The destinations in force and their secrets, as they stand in the database over configuration and files. Read whole when it
 * is opened, and anew whenever the database says that something has changed.
 */
export class PartnerBook {
  private generations: ReadonlyMap<string, readonly SecretGeneration[]> = new Map();
  private listening: Listening | undefined;
  private timer: NodeJS.Timeout | undefined;
  private reading: Promise<void> = Promise.resolve();

  private constructor(private readonly input: PartnerBookInput) {}

  /** Reads the book. Throws when the database does not answer, or a secret in it was sealed under another master key. */
  static async open(input: PartnerBookInput): Promise<PartnerBook> {
    const book = new PartnerBook(input);
    await book.refresh();
    return book;
  }

  get destinations(): readonly Destination[] {
    return this.input.seed;
  }

  /** A configuration whose destinations are always those in force. */
  over({ sender, signing }: Configuration): Configuration {
    const current = () => this.destinations;
    return { sender, signing, get destinations() { return current(); } };
  }

  /** The newest value of a destination's secret. Throws CONFIGURATION_INVALID when there is none. */
  secret(destination: DestinationId, name: string): string {
    return this.valid(destination, name)[0]!;
  }

  /** Every value of a destination's secret that is valid now, newest first. Throws CONFIGURATION_INVALID when there is none. */
  valid(destination: DestinationId, name: string): readonly string[] {
    return validValues(this.of(destination, name), this.input.clock.now(), () => this.input.secret(name));
  }

  /** How a destination's secret stands. */
  stateOf(destination: DestinationId, name: string): SecretState {
    return stateOf(this.of(destination, name), this.input.clock.now());
  }

  /** Reads everything again. Two at once are one after the other, so that what is read last counts. */
  refresh(): Promise<void> {
    const read = this.reading.catch(() => undefined).then(() => this.read());
    this.reading = read;
    return read;
  }

  /** Deletes secrets whose time is over. */
  forget(): Promise<number> {
    return this.input.secrets.forget();
  }

  /** Keeps up with the database until it is closed. */
  async watch(databaseUrl: string): Promise<void> {
    const again = () => void this.refresh().catch((error: unknown) => this.input.log.event('store.failed', { operation: 'partner book', cause: causeOf(error) }, 'error'));
    this.listening = new Listening({ databaseUrl, name: 'findme-book', log: this.input.log, on: { partners: again }, onConnected: again });
    this.timer = setInterval(again, SWEEP_MS).unref();
    await this.listening.start();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.listening?.stop();
    await this.reading.catch(() => undefined);
  }

  private of(destination: DestinationId, name: string): readonly SecretGeneration[] {
    return this.generations.get(`${destination} ${name}`) ?? [];
  }

  private async read(): Promise<void> {
    const generations = new Map<string, SecretGeneration[]>();
    for (const one of await this.input.secrets.all()) {
      const key = `${one.destination} ${one.name}`;
      generations.set(key, [...(generations.get(key) ?? []), one]);
    }
    this.generations = generations;
  }
}
