import { createHmac, randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import type { Ids } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import { keyedDigest, open, seal } from '#kernel/sealing.js';
import { districtsIn } from '#alerts/area.js';
import type { Language } from '#alerts/content.js';
import { slotOf, tokenHash, type Audience, type DropReason, type Member, type NewSubscriber, type Selection, type Subscribed } from '#dispatch/audience.js';
import { rows } from './database.js';

interface Row { id: string; language: Language; sealed: Buffer }

/** Those who asked to be told, in PostgreSQL. Contacts are sealed under a key of their own, derived from the master key. */
export class PgAudience implements Audience {
  private readonly key: Buffer;

  constructor(private readonly source: DataSource, masterKey: Uint8Array, private readonly clock: Clock, private readonly ids: Ids, private readonly log: Log) {
    this.key = createHmac('sha256', masterKey).update('findme subscribers v1').digest();
  }

  async members({ kind, mode, shard, shards, area, language }: Selection, after: string | undefined, limit: number): Promise<readonly Member[]> {
    const codes = area && area.kind !== 'country' ? districtsIn(area).map((d) => d.code) : null;
    const page = await rows<Row>(this.source,
      `SELECT id, language, sealed FROM subscribers
        WHERE kind = $1 AND mode = $2 AND confirmed_at IS NOT NULL AND slot % $3::integer = $4::integer AND ($5::uuid IS NULL OR id > $5::uuid)
          AND ($6::text[] IS NULL OR districts IS NULL OR districts && $6::text[]) AND ($7::text IS NULL OR language = $7)
        ORDER BY id LIMIT $8`,
      [kind, mode, shards, shard, after ?? null, codes, language ?? null, limit]);
    return page.map((row) => ({ id: row.id, language: row.language, contact: open(this.key, row.sealed, purposeOf(row.id)).toString('utf8') }));
  }

  async add({ kind, mode, language, districts, identity, contact, confirmed }: NewSubscriber): Promise<Subscribed> {
    const id = this.ids.next<string>();
    const token = randomBytes(32).toString('base64url');
    const digest = keyedDigest(this.key, `${kind} ${mode} ${identity}`);
    const now = this.clock.now();
    // A new id with every asking: whatever was prepared for the old contact is for nobody.
    await rows(this.source,
      `INSERT INTO subscribers (id, kind, mode, sealed, digest, slot, language, districts, token_hash, created_at, confirmed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT (kind, mode, digest) DO UPDATE SET id = excluded.id, sealed = excluded.sealed, language = excluded.language, districts = excluded.districts,
         token_hash = excluded.token_hash, created_at = excluded.created_at, confirmed_at = excluded.confirmed_at`,
      [id, kind, mode, seal(this.key, Buffer.from(contact, 'utf8'), purposeOf(id)), digest, slotOf(digest), language, districts, tokenHash(token), now, confirmed ? now : null]);
    return { id, token };
  }

  async confirm(token: string): Promise<boolean> {
    return (await rows(this.source,
      'UPDATE subscribers SET confirmed_at = coalesce(confirmed_at, greatest($2, created_at)) WHERE token_hash = $1 RETURNING id', [tokenHash(token), this.clock.now()])).length > 0;
  }

  async remove(token: string): Promise<boolean> {
    return (await rows(this.source, 'DELETE FROM subscribers WHERE token_hash = $1 RETURNING id', [tokenHash(token)])).length > 0;
  }

  async drop(ids: readonly string[], why: DropReason): Promise<void> {
    if (ids.length === 0) return;
    const dropped = await rows(this.source, 'DELETE FROM subscribers WHERE id = ANY ($1::uuid[]) RETURNING id', [ids]);
    this.log.event('audience.dropped', { count: dropped.length, cause: why });
  }
}

/** A sealed contact opens in its own row only. */
const purposeOf = (id: string): string => `subscriber:${id}`;
