import type { DataSource } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import type { DestinationId, Ids, OfficerId } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import { officerActor } from '#audit/fact.js';
import type { SecretGeneration } from '#dispatch/secret-generations.js';
import { inTransaction, rows } from './database.js';
import { Facts } from './facts.js';

interface Row { destination: DestinationId; name: string; generation: number; sealed: Buffer; made_at: Date; previous_until: Date }

/** How long a secret stays valid beside its successor; the database keeps the same time. */
export const OVERLAP_MS = 24 * 3_600_000;

/** Secrets of destinations that were made at run time, sealed under the master key. */
export class PgSecretStore {
  private readonly facts: Facts;

  constructor(private readonly source: DataSource, private readonly masterKey: MasterKey, private readonly clock: Clock, ids: Ids) {
    this.facts = new Facts(clock, ids);
  }

  /** Every generation there is, opened. */
  async all(): Promise<readonly SecretGeneration[]> {
    const found = await rows<Row>(this.source, 'SELECT destination, name, generation, sealed, made_at, previous_until FROM destination_secrets');
    return found.map(({ destination, name, generation, sealed, made_at: madeAt, previous_until: previousUntil }) => ({
      destination, name, generation, madeAt, previousUntil, value: this.masterKey.open(sealed, secretPurpose(destination, name, generation)).toString('utf8'),
    }));
  }

  /**
   * Adds a generation; the one before stays valid for a day. Returns until when. Throws SECRET_BEING_REPLACED while that of an
   * earlier replacement still runs, ROLE_MISSING when the officer is not the destination's partner.
   */
  rotate(destination: DestinationId, name: string, value: string, by: OfficerId): Promise<Date> {
    return inTransaction(this.source, async (manager) => {
      const [newest] = await rows<{ generation: number }>(manager, 'SELECT generation FROM destination_secrets WHERE destination = $1 AND name = $2 ORDER BY generation DESC LIMIT 1', [destination, name]);
      const generation = (newest?.generation ?? 0) + 1;
      const now = this.clock.now();
      const fact = this.facts.make('secret.rotated', officerActor(by), undefined, { destination, secret: name, generation, previousUntil: new Date(now.getTime() + OVERLAP_MS).toISOString() }, now);
      const [made] = await rows<{ until: Date }>(manager, 'SELECT rotate_secret($1, $2, $3, $4, $5, $6, $7) AS until',
        [destination, name, generation, this.masterKey.seal(Buffer.from(value, 'utf8'), secretPurpose(destination, name, generation)), by, now, [fact]]);
      return made!.until;
    });
  }

  /** Ends what is left of the time of the generation before; false when there was none. Throws ROLE_MISSING. */
  retire(destination: DestinationId, name: string, generation: number, by: OfficerId): Promise<boolean> {
    return inTransaction(this.source, async (manager) => {
      const now = this.clock.now();
      const fact = this.facts.make('secret.retired', officerActor(by), undefined, { destination, secret: name, generation }, now);
      const [done] = await rows<{ retired: boolean }>(manager, 'SELECT retire_secret($1, $2, $3, $4, $5, $6) AS retired', [destination, name, generation, by, now, [fact]]);
      return done!.retired;
    });
  }

  /** Deletes what has ceased to be valid. Returns how many. */
  async forget(): Promise<number> {
    const [row] = await rows<{ gone: number }>(this.source, 'SELECT forget_secrets($1) AS gone', [this.clock.now()]);
    return row!.gone;
  }
}

/** What the seal of a secret is for: it opens in the place of no other. */
export const secretPurpose = (destination: string, name: string, generation: number): string => `destination:${destination}/secret/${name}/${generation}`;
