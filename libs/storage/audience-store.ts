import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import type { Ids } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import type { MasterKey } from '#kernel/master-key.js';
import { districtsIn } from '#alerts/area.js';
import type { Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { FARTHEST, placeOf, readPlace, slotOf, tokenHash, type Audience, type DropReason, type Member, type NewSubscriber, type Selection, type Subscribed, type Wish } from '#dispatch/audience.js';
import { rows } from './database.js';

interface Row { id: string; language: Language; sealed: Buffer }
interface PageRow extends Row { near: number | null }

/** The members of a selection, its values being $1 to $6. */
const CHOSEN = `kind = $1 AND mode = $2 AND confirmed_at IS NOT NULL AND slot % $3::integer = $4::integer
  AND ($5::text[] IS NULL OR districts IS NULL OR districts && $5::text[]) AND ($6::text IS NULL OR language = $6)`;

function valuesOf({ kind, mode, shard, shards, area, language }: Selection): unknown[] {
  const codes = area && area.kind !== 'country' ? districtsIn(area).map((d) => d.code) : null;
  return [kind, mode, shards, shard, codes, language ?? null];
}

/** Those who asked to be told, in PostgreSQL, their contacts sealed under the master key. */
export class PgAudience implements Audience {
  constructor(private readonly source: DataSource, private readonly masterKey: MasterKey, private readonly clock: Clock, private readonly ids: Ids, private readonly log: Log) {}

  async members(selection: Selection, after: string | undefined, limit: number): Promise<readonly Member[]> {
    const { nearest } = selection;
    const behind = readPlace(after, nearest !== undefined);
    const page = nearest ? await this.nearestFirst(selection, nearest, behind, limit) : await rows<PageRow>(this.source,
      `SELECT id, language, sealed, NULL AS near FROM subscribers WHERE ${CHOSEN} AND ($7::uuid IS NULL OR id > $7::uuid) ORDER BY id LIMIT $8`,
      [...valuesOf(selection), behind?.id ?? null, limit]);
    return page.map(({ id, language, sealed, near }) => ({ id, language, contact: this.masterKey.open(sealed, contactPurpose(id)).toString('utf8'), place: placeOf(id, near) }));
  }

  private nearestFirst(selection: Selection, nearest: readonly string[], behind: { readonly near: number | null; readonly id: string } | undefined, limit: number): Promise<PageRow[]> {
    return rows<PageRow>(this.source,
      `SELECT id, language, sealed, near FROM (
         SELECT id, language, sealed, coalesce((SELECT min(array_position($7::text[], named)) FROM unnest(districts) named), ${FARTHEST}) AS near FROM subscribers WHERE ${CHOSEN}) chosen
        WHERE $9::uuid IS NULL OR (near, id) > ($8::integer, $9::uuid) ORDER BY near, id LIMIT $10`,
      [...valuesOf(selection), nearest, behind?.near ?? null, behind?.id ?? null, limit]);
  }

  async count(selection: Selection): Promise<number> {
    const [row] = await rows<{ count: number }>(this.source, `SELECT count(*)::integer AS count FROM subscribers WHERE ${CHOSEN}`, valuesOf(selection));
    return row?.count ?? 0;
  }

  async add({ kind, mode, language, districts, identity, contact, confirmed }: NewSubscriber): Promise<Subscribed> {
    const id = this.ids.next<string>();
    const token = randomBytes(32).toString('base64url');
    const digest = this.digestOf(kind, mode, identity);
    const now = this.clock.now();
    // A new id with every asking: whatever was prepared for the old contact is for nobody.
    await rows(this.source,
      `INSERT INTO subscribers (id, kind, mode, sealed, digest, slot, language, districts, token_hash, created_at, confirmed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT (kind, mode, digest) DO UPDATE SET id = excluded.id, sealed = excluded.sealed, language = excluded.language, districts = excluded.districts,
         token_hash = excluded.token_hash, created_at = excluded.created_at, confirmed_at = excluded.confirmed_at`,
      [id, kind, mode, this.masterKey.seal(Buffer.from(contact, 'utf8'), contactPurpose(id)), digest, slotOf(digest), language, districts, tokenHash(token), now, confirmed ? now : null]);
    return { id, token };
  }

  async confirm(token: string): Promise<boolean> {
    return (await rows(this.source,
      'UPDATE subscribers SET confirmed_at = coalesce(confirmed_at, greatest($2, created_at)) WHERE token_hash = $1 RETURNING id', [tokenHash(token), this.clock.now()])).length > 0;
  }

  async find(token: string, kind: string, since: Date): Promise<Wish | undefined> {
    const [row] = await rows<Row & Pick<Wish, 'mode' | 'districts'>>(this.source,
      'SELECT id, mode, language, districts, sealed FROM subscribers WHERE token_hash = $1 AND kind = $2 AND created_at >= $3', [tokenHash(token), kind, since]);
    return row && { mode: row.mode, language: row.language, districts: row.districts, contact: this.masterKey.open(row.sealed, contactPurpose(row.id)).toString('utf8') };
  }

  async leave(kind: string, mode: Mode, identity: string): Promise<boolean> {
    return (await rows(this.source, 'DELETE FROM subscribers WHERE kind = $1 AND mode = $2 AND digest = $3 RETURNING id', [kind, mode, this.digestOf(kind, mode, identity)])).length > 0;
  }

  async forget(kind: string, before: Date): Promise<void> {
    await rows(this.source, 'DELETE FROM subscribers WHERE kind = $1 AND confirmed_at IS NULL AND created_at < $2', [kind, before]);
  }

  async remove(token: string): Promise<boolean> {
    return (await rows(this.source, 'DELETE FROM subscribers WHERE token_hash = $1 RETURNING id', [tokenHash(token)])).length > 0;
  }

  async drop(ids: readonly string[], why: DropReason): Promise<void> {
    if (ids.length === 0) return;
    const dropped = await rows(this.source, 'DELETE FROM subscribers WHERE id = ANY ($1::uuid[]) RETURNING id', [ids]);
    this.log.event('audience.dropped', { count: dropped.length, cause: why });
  }

  private digestOf(kind: string, mode: Mode, identity: string): string {
    return this.masterKey.digestOfContact(`${kind} ${mode} ${identity}`);
  }
}

/** A sealed contact opens in its own row only. */
export const contactPurpose = (id: string): string => `subscriber:${id}`;
