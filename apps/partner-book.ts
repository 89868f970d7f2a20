import { MASTER_KEY_FILES } from '#config/secrets.js';
import type { Configuration } from '#config/configuration.js';
import { catalog, channelByKind } from '#channels/catalog.js';
import { readDestination } from '#config/configuration.js';
import { liesBelow } from '#config/files.js';
import type { SecretReader } from '#config/secrets.js';
import type { Clock } from '#kernel/clock.js';
import { fail, refuseAny } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { routesOf, type Destination } from '#dispatch/channel.js';
import type { OutgoingRules } from '#dispatch/outgoing.js';
import { stateOf, validValues, type SecretGeneration, type SecretState } from '#dispatch/secret-generations.js';
import type { PgDestinationStore } from '#storage/destination-store.js';
import type { PgSecretStore } from '#storage/secret-store.js';
import { Listening } from './listening.js';

export interface PartnerBookInput {
  /** The destinations of the configuration file. */
  readonly seed: readonly Destination[];
  /** The secrets that are files. */
  readonly secret: SecretReader;
  readonly secrets: PgSecretStore;
  readonly stored: PgDestinationStore;
  readonly outgoing: OutgoingRules;
  /** Folders below which administrators may name files. */
  readonly files: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** A destination that there is, in force or not. */
export interface KnownDestination {
  readonly id: DestinationId;
  readonly destination: Destination;
  readonly enabled: boolean;
  /** Whether it is what the configuration file says, today and after the file was changed. */
  readonly shipped: boolean;
  /** When administrators last changed it; null where it stands as in the configuration file. */
  readonly changedAt: Date | null;
}

/** Of the house itself: no destination may have them told to its partner. */
const OF_THE_HOUSE: ReadonlySet<string> = new Set([...MASTER_KEY_FILES, 'audit-signing-key', 'audit-earlier-keys', 'app-password']);

/** A destination as the configuration file has it. */
const asShipped = (destination: Destination): KnownDestination => ({ id: destination.id, destination, enabled: true, shipped: true, changedAt: null });

/** What no NOTIFY told is found so often, in milliseconds. */
const SWEEP_MS = 30_000;

/**
 * The destinations in force and their secrets, as they stand in the database over configuration and files. Read whole when it
 * is opened, and anew whenever the database says that something has changed.
 */
export class PartnerBook {
  private generations: ReadonlyMap<string, readonly SecretGeneration[]> = new Map();
  private destinationsKnown: readonly KnownDestination[];
  private inForce: readonly Destination[];
  private readonly hearing = new Set<() => void>();
  private listening: Listening | undefined;
  private timer: NodeJS.Timeout | undefined;
  private reading: Promise<void> = Promise.resolve();

  private constructor(private readonly input: PartnerBookInput) {
    this.destinationsKnown = input.seed.map(asShipped);
    this.inForce = input.seed;
  }

  /**
   * Reads the book. Throws when the database does not answer, a secret in it was sealed under another master key, or a
   * destination in it does not fit its channel (any more).
   */
  static async open(input: PartnerBookInput): Promise<PartnerBook> {
    const book = new PartnerBook(input);
    await book.read(true);
    return book;
  }

  /** The destinations in force. */
  get destinations(): readonly Destination[] {
    return this.inForce;
  }

  /** Every destination that there is, disabled ones too. */
  known(): readonly KnownDestination[] {
    return this.destinationsKnown;
  }

  /** Calls `hear` after each reading that found destinations other than before, or other secrets. */
  onChange(hear: () => void): void {
    this.hearing.add(hear);
  }

  /** A configuration whose destinations are always those in force. */
  over({ sender, signing, outgoing, files }: Configuration): Configuration {
    const current = () => this.destinations;
    return { sender, signing, outgoing, files, get destinations() { return current(); } };
  }

  /** The newest value of a destination's secret. Throws CONFIGURATION_INVALID when there is none. */
  secret(destination: DestinationId, name: string): string {
    return this.valid(destination, name)[0]!;
  }

  /** Every value of a destination's secret that is valid now, newest first. Throws CONFIGURATION_INVALID when there is none. */
  valid(destination: DestinationId, name: string): readonly string[] {
    return validValues(this.of(destination, name), this.input.clock.now(), () => {
      if (OF_THE_HOUSE.has(name)) throw fail('CONFIGURATION_INVALID', `secrets.${name}`, 'A secret of the house, and no destination\'s.');
      return this.input.secret(name);
    });
  }

  /** How a destination's secret stands. */
  stateOf(destination: DestinationId, name: string): SecretState {
    return stateOf(this.of(destination, name), this.input.clock.now());
  }

  /** The newest generation of each secret of a destination that was made at run time. */
  generationsOf(destination: DestinationId): readonly Pick<SecretGeneration, 'name' | 'generation'>[] {
    return [...this.generations.values()].flatMap((all) => (all[0]?.destination === destination ? [{ name: all[0].name, generation: Math.max(...all.map((one) => one.generation)) }] : [])).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Reads everything again. Two at once are one after the other, so that what is read last counts. */
  refresh(): Promise<void> {
    const read = this.reading.catch(() => undefined).then(() => this.read(false));
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

  private async read(isFirst: boolean): Promise<void> {
    const [stored, secrets] = await Promise.all([this.input.stored.all(), this.input.secrets.all()]);
    const generations = new Map<string, SecretGeneration[]>();
    for (const one of secrets) {
      const key = `${one.destination} ${one.name}`;
      generations.set(key, [...(generations.get(key) ?? []), one]);
    }
    const before = this.fingerprint();
    this.generations = generations;
    const byId = new Map(this.input.seed.map((destination): [DestinationId, KnownDestination] => [destination.id, asShipped(destination)]));
    for (const { id, document: { shipped: wasShipped, ...document }, enabled, changedAt } of stored) {
      // Only switched off and on: what it is, the file says, unless the file does not have it any more.
      const seeded = wasShipped === true ? byId.get(id)?.destination : undefined;
      const destination = seeded ?? this.fitting(id, document, isFirst);
      if (destination) byId.set(id, { id, destination, enabled, shipped: seeded !== undefined, changedAt });
    }
    this.destinationsKnown = [...byId.values()];
    this.inForce = this.destinationsKnown.filter(({ enabled }) => enabled).map(({ destination }) => destination);
    if (!isFirst && this.fingerprint() !== before) for (const hear of this.hearing) hear();
  }

  /** Tells of a file whether a destination may name it: below the folders for that, and as the configuration file has it. */
  mayName(id: string): (path: string) => boolean {
    const below = liesBelow(this.input.files);
    const shipped = this.input.seed.find((destination) => destination.id === id);
    const own = new Set(shipped && routesOf(shipped).flatMap(({ channel, settings }) => channelByKind(channel).filesOf?.(settings) ?? []));
    return (path) => own.has(path) || below(path);
  }

  /** What does not fit is refused at start. Later on the one before stays in force: a partner must not be lost by a mistake. */
  private fitting(id: DestinationId, document: Readonly<Record<string, unknown>>, isFirst: boolean): Destination | undefined {
    try {
      const destination = readDestination({ ...document, id }, catalog, this.mayName(id));
      refuseAny(this.input.outgoing.faultsOf(destination, channelByKind));
      return destination;
    } catch (error) {
      if (isFirst) throw error;
      this.input.log.event('store.failed', { operation: `destination ${id}`, cause: causeOf(error) }, 'error');
      return this.destinationsKnown.find((known) => known.id === id)?.destination;
    }
  }

  private fingerprint(): string {
    return JSON.stringify([this.inForce, [...this.generations].map(([key, all]) => [key, all.map(({ generation }) => generation)])]);
  }
}
