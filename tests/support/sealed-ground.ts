import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { FixedClock } from '#kernel/clock.js';
import { randomIds, type AlertId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { digestKeysOf, MasterKey } from '#kernel/master-key.js';
import { AlertActions } from '#alerts/alert-actions.js';
import type { Alert } from '#alerts/alert.js';
import { Composer } from '#alerts/compose.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import type { ChangeId } from '#identity/change.js';
import { reasonOf, secretOf } from '#identity/changes.js';
import { totpPurpose } from '#identity/enrolment.js';
import { PgAlertStore } from '#storage/alert-store.js';
import { PgAudience } from '#storage/audience-store.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase, rows } from '#storage/database.js';
import { secretPurpose } from '#storage/secret-store.js';
import { freshDatabase } from './database.js';
import { addOfficers, APPROVER, AUTHOR } from './officers.js';

export const NOW = new Date('2026-11-24T18:00:00.400Z');
const clock = new FixedClock(NOW);

/** A database of a spec's own in which nothing is sealed yet, as its owner and as the application. */
export interface SealedGround {
  readonly ownerUrl: string;
  readonly owner: DataSource;
  readonly app: DataSource;
  /** What the application works with under a master key. */
  under(master: MasterKey): { readonly store: PgAlertStore; readonly actions: AlertActions; readonly audience: PgAudience };
  close(): Promise<void>;
}

export async function openSealedGround(): Promise<SealedGround> {
  const database = await freshDatabase();
  await addOfficers(database.ownerUrl);
  const [owner, app] = await Promise.all([openDatabase({ url: database.ownerUrl, name: 'spec-owner', poolSize: 4 }), openDatabase({ url: database.appUrl, name: 'spec', poolSize: 6 })]);
  await rows(owner, 'UPDATE officers SET password_hash = NULL, sealed_totp = NULL');
  return {
    ownerUrl: database.ownerUrl, owner, app,
    under: (master) => {
      const store = new PgAlertStore(app, new CaseKeys(master), randomIds);
      const composer = new Composer({ publicUrl: 'https://primer.example' });
      return {
        store, audience: new PgAudience(app, master, clock, randomIds, silentLog),
        actions: new AlertActions({ store, composer, channelFaults: () => [], clock, ids: randomIds, log: silentLog }),
      };
    },
    close: async () => {
      await Promise.all([owner.destroy(), app.destroy()]);
      await database.drop();
    },
  };
}

/** An alert that waits for its approval. */
export async function inReview(actions: AlertActions): Promise<Alert> {
  const { id, version } = await actions.create('drill', sampleContent(), AUTHOR);
  return actions.submit({ mode: 'drill', id, version }, AUTHOR);
}

export const approve = (actions: AlertActions, { id, version, proposal }: Alert): Promise<Alert> => actions.approve({ mode: 'drill', id, version }, proposal!.contentHash!, APPROVER);

/** Numbers of subscribers who are invented. */
export const numberOf = (n: number): string => `9996${String(n).padStart(8, '0')}`;

export async function subscribe(audience: PgAudience, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 1) await audience.add({ kind: 'sms', mode: 'drill', language: 'sr-Latn', districts: null, identity: numberOf(n), contact: numberOf(n), confirmed: true });
}

/** One row, sealed under `master`, in each place that has none by what alerts and subscribers do. */
export async function sealElsewhere({ owner }: SealedGround, master: MasterKey): Promise<{ readonly change: ChangeId; readonly draft: AlertId }> {
  const [change, draft] = [randomUUID() as ChangeId, randomIds.next<AlertId>()];
  const sealed = (text: string, aad: string) => master.seal(Buffer.from(text), aad);
  await rows(owner, 'UPDATE officers SET password_hash = $2, sealed_totp = $3 WHERE id = $1', [AUTHOR, 'x', sealed('totp', totpPurpose(AUTHOR))]);
  await rows(owner,
    `INSERT INTO changes (id, kind, subject, payload, kept, sealed, proposed_by, proposed_at, expires_at, status, decided_by, decided_at, reason)
     VALUES ($1, 'officer.reset', 'officer:x', '{}', '{}', $2, $3, $5::timestamptz, $5::timestamptz + interval '1 hour', 'refused', $4, $5::timestamptz, $6)`,
    [change, sealed('secret', secretOf(change)), AUTHOR, APPROVER, NOW, sealed('razlog', reasonOf(change))]);
  await rows(owner, `INSERT INTO enrolments VALUES ($1, $2, repeat('a', 64), repeat('b', 64), $3, $4)`, [APPROVER, change, NOW, sealed('totp', totpPurpose(APPROVER))]);
  await rows(owner, `INSERT INTO destination_secrets VALUES ('tv-1', 'hook', 2, $1, $2, $3, $2)`, [sealed('hook', secretPurpose('tv-1', 'hook', 2)), NOW, AUTHOR]);
  await rows(owner,
    `INSERT INTO drafts (id, mode, version, wrapped, writers, begun_by, begun_at, saved_by, saved_at, sealed) VALUES ($1, 'drill', 1, $2, ARRAY[$3::uuid], $3, $4, $3, $4, '\\x01')`,
    [draft, master.wrap(randomBytes(32), draft), AUTHOR, NOW]);
  return { change, draft };
}

/** What a spec replaces: the keys held, as files would hold them. */
export function keysInHand(...first: Uint8Array[]) {
  let held: readonly Uint8Array[] = first;
  return { read: () => held, hold: (...keys: Uint8Array[]) => { held = keys; }, like: (key: Uint8Array) => new MasterKey(() => held, digestKeysOf(key)) };
}
