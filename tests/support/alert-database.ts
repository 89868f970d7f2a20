import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds } from '#kernel/ids.js';
import { PgAlertStore } from '#storage/alert-store.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase } from '#storage/database.js';
import { freshDatabase } from './database.js';
import { addOfficers } from './officers.js';

/** A database of a spec's own, with officers: as the application sees it, and as its owner does. */
export interface AlertDatabase {
  readonly source: DataSource;
  readonly owner: pg.Client;
  readonly store: PgAlertStore;
  close(): Promise<void>;
}

export async function openAlertDatabase(): Promise<AlertDatabase> {
  const database = await freshDatabase();
  await addOfficers(database.ownerUrl);
  const source = await openDatabase({ url: database.appUrl, name: 'spec' });
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  return {
    source, owner, store: new PgAlertStore(source, new CaseKeys(MasterKey.of(randomBytes(32))), randomIds),
    close: async () => {
      await owner.end();
      await source.destroy();
      await database.drop();
    },
  };
}
