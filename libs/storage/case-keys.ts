import type { DataSource, EntityManager } from 'typeorm';
import { fail } from '#kernel/errors.js';
import type { AlertId } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import { rows } from './database.js';

/** Opens the keys of cases with the master key. A case whose key is destroyed is erased. */
export class CaseKeys {
  constructor(readonly masterKey: MasterKey) {}

  /** The key of a case; throws `ALERT_ERASED`. */
  async of(runner: DataSource | EntityManager, id: AlertId): Promise<Buffer> {
    const [row] = await rows<{ wrapped: Buffer }>(runner, 'SELECT wrapped FROM case_keys WHERE alert_id = $1', [id]);
    if (!row) throw fail('ALERT_ERASED');
    return this.masterKey.unwrap(row.wrapped, id);
  }
}
