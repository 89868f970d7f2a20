import { randomBytes, randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '#kernel/clock.js';
import { sha256Hex } from '#kernel/canonical.js';
import { districtsIn } from '#alerts/area.js';
import type { Mode } from '#alerts/notice.js';
import { nearness, placeOf, readPlace, slotOf, tokenHash, type Audience, type DropReason, type Member, type NewSubscriber, type Selection, type Subscribed, type Wish } from '../audience.js';

interface Kept extends NewSubscriber {
  readonly id: string;
  readonly tokenHash: string;
  readonly slot: number;
  readonly confirmed: boolean;
  readonly askedAt: Date;
}

/** An audience in memory, for specs and the contract kit. */
export class MemoryAudience implements Audience {
  private kept: Kept[] = [];
  readonly dropped: { readonly id: string; readonly why: DropReason }[] = [];

  constructor(private readonly clock: Clock = systemClock) {}

  get size(): number {
    return this.kept.length;
  }

  async members(selection: Selection, after: string | undefined, limit: number): Promise<readonly Member[]> {
    const { nearest } = selection;
    const behind = readPlace(after, nearest !== undefined) ? after : undefined;
    return this.chosen(selection)
      .map(({ id, language, contact, districts }) => ({ id, language, contact, place: placeOf(id, nearest ? nearness(districts, nearest) : null) }))
      .filter(({ place }) => behind === undefined || place > behind)
      .sort((a, b) => (a.place < b.place ? -1 : 1))
      .slice(0, limit);
  }

  async count(selection: Selection): Promise<number> {
    return this.chosen(selection).length;
  }

  private chosen({ kind, mode, shard, shards, area, language }: Selection): Kept[] {
    const codes = area && area.kind !== 'country' ? new Set(districtsIn(area).map((d) => d.code)) : undefined;
    return this.kept
      .filter((k) => k.confirmed && k.kind === kind && k.mode === mode && k.slot % shards === shard)
      .filter((k) => (language === undefined || k.language === language) && (!codes || !k.districts || k.districts.some((code) => codes.has(code))));
  }

  async add(subscriber: NewSubscriber): Promise<Subscribed> {
    const id = randomUUID();
    const token = randomBytes(32).toString('base64url');
    const same = (k: Kept) => k.kind === subscriber.kind && k.mode === subscriber.mode && k.identity === subscriber.identity;
    const slot = slotOf(sha256Hex(subscriber.identity));
    this.kept = [...this.kept.filter((k) => !same(k)), { ...subscriber, id, tokenHash: tokenHash(token), slot, askedAt: this.clock.now() }];
    return { id, token };
  }

  async confirm(token: string): Promise<boolean> {
    const found = this.kept.find((k) => k.tokenHash === tokenHash(token));
    if (found) this.kept = this.kept.map((k) => (k === found ? { ...k, confirmed: true } : k));
    return found !== undefined;
  }

  async find(token: string, kind: string, since: Date): Promise<Wish | undefined> {
    const found = this.kept.find((k) => k.tokenHash === tokenHash(token) && k.kind === kind && k.askedAt >= since);
    return found && { mode: found.mode, language: found.language, districts: found.districts, contact: found.contact };
  }

  async leave(kind: string, mode: Mode, identity: string): Promise<boolean> {
    const before = this.kept.length;
    this.kept = this.kept.filter((k) => k.kind !== kind || k.mode !== mode || k.identity !== identity);
    return this.kept.length < before;
  }

  async forget(kind: string, before: Date): Promise<void> {
    this.kept = this.kept.filter((k) => k.kind !== kind || k.confirmed || k.askedAt >= before);
  }

  async remove(token: string): Promise<boolean> {
    const before = this.kept.length;
    this.kept = this.kept.filter((k) => k.tokenHash !== tokenHash(token));
    return this.kept.length < before;
  }

  async drop(ids: readonly string[], why: DropReason): Promise<void> {
    this.dropped.push(...ids.map((id) => ({ id, why })));
    this.kept = this.kept.filter((k) => !ids.includes(k.id));
  }
}
