import { randomBytes, randomUUID } from 'node:crypto';
import { sha256Hex } from '#kernel/canonical.js';
import { districtsIn } from '#alerts/area.js';
import { slotOf, tokenHash, type Audience, type DropReason, type Member, type NewSubscriber, type Selection, type Subscribed } from '../audience.js';

interface Kept extends NewSubscriber {
  readonly id: string;
  readonly tokenHash: string;
  readonly slot: number;
  readonly confirmed: boolean;
}

/** An audience in memory, for specs and the contract kit. */
export class MemoryAudience implements Audience {
  private kept: Kept[] = [];
  readonly dropped: { readonly id: string; readonly why: DropReason }[] = [];

  get size(): number {
    return this.kept.length;
  }

  async members({ kind, mode, shard, shards, area, language }: Selection, after: string | undefined, limit: number): Promise<readonly Member[]> {
    const codes = area && area.kind !== 'country' ? new Set(districtsIn(area).map((d) => d.code)) : undefined;
    return this.kept
      .filter((k) => k.confirmed && k.kind === kind && k.mode === mode && k.slot % shards === shard && (after === undefined || k.id > after))
      .filter((k) => (language === undefined || k.language === language) && (!codes || !k.districts || k.districts.some((code) => codes.has(code))))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map((k) => ({ id: k.id, language: k.language, contact: k.contact }));
  }

  async add(subscriber: NewSubscriber): Promise<Subscribed> {
    const id = randomUUID();
    const token = randomBytes(32).toString('base64url');
    const same = (k: Kept) => k.kind === subscriber.kind && k.mode === subscriber.mode && k.identity === subscriber.identity;
    const slot = slotOf(sha256Hex(subscriber.identity));
    this.kept = [...this.kept.filter((k) => !same(k)), { ...subscriber, id, tokenHash: tokenHash(token), slot }];
    return { id, token };
  }

  async confirm(token: string): Promise<boolean> {
    const found = this.kept.find((k) => k.tokenHash === tokenHash(token));
    if (found) this.kept = this.kept.map((k) => (k === found ? { ...k, confirmed: true } : k));
    return found !== undefined;
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
