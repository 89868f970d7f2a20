import type { DataSource } from 'typeorm';
import type { DestinationId } from '#kernel/ids.js';
import { rows } from './database.js';

/** A destination as administrators have changed it. */
export interface StoredDestination {
  readonly id: DestinationId;
  /** As one of the configuration file, without its id; whoever takes it checks it. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  readonly changedAt: Date;
}

/** Destinations in PostgreSQL. Changes of them are those of two administrators. */
export class PgDestinationStore {
  constructor(private readonly source: DataSource) {}

  /** Every destination that was ever changed, disabled ones too. */
  all(): Promise<readonly StoredDestination[]> {
    return rows<StoredDestination>(this.source, 'SELECT id, document, enabled, changed_at AS "changedAt" FROM destinations ORDER BY id');
  }
}
