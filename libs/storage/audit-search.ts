import type { DataSource } from 'typeorm';
import { GENESIS } from '#audit/chain.js';
import type { FactType } from '#audit/fact.js';
import type { SelectedFact } from '#audit/selection.js';
import type { AuditRow } from '#audit/verify.js';
import type { Mode } from '#alerts/notice.js';
import { rows } from './database.js';

/** What an auditor looks for; everything given must fit. */
export interface FactFilter {
  readonly alert?: string;
  readonly type?: FactType;
  readonly actor?: string;
  /** A partner's destination. */
  readonly destination?: string;
  readonly channel?: string;
  readonly outcome?: string;
  /** Facts about alerts of this mode; those about no alert have none. */
  readonly mode?: Mode;
  /** Instants, both included. */
  readonly from?: Date;
  readonly to?: Date;
}

/** Which page of them. */
export interface FactPage {
  /** The place where the page before ended. */
  readonly after?: number;
  readonly newestFirst?: boolean;
  readonly limit: number;
}

export interface FactRow { seq: string; record: string; hash: Buffer; type: string; actor: string; at: string; alert_id: string | null }

/** Rows held at a time while a selection goes out. */
const STREAM = 1_000;

/** The places between which a time lies; undefined where nothing is in it. */
interface Places { readonly low: string; readonly high: string }

/**
 * Facts by what they are about. Each filter has an index in the order of places, so a page costs the same wherever it begins.
 * Only the conditions that were asked are in the statement: the planner must see which they are.
 */
export class AuditSearch {
  constructor(private readonly source: DataSource) {}

  /** One page of the facts that fit, in their order or the other way round. */
  async page(filter: FactFilter, { after, newestFirst = false, limit }: FactPage): Promise<AuditRow[]> {
    const places = await this.placesOf(filter);
    if (places === undefined) return [];
    const asked = new Conditions(filter, places);
    if (after !== undefined) asked.add((value) => `f.seq ${newestFirst ? '<' : '>'} ${value(after)}`);
    const found = await rows<FactRow>(this.source,
      `SELECT f.seq, f.record, f.hash, f.type, f.actor, f.at, f.alert_id FROM facts f ${asked.where} ORDER BY f.seq ${newestFirst ? 'DESC' : ''} LIMIT ${asked.value(limit)}`,
      asked.values);
    return found.map(toAuditRow);
  }

  /** How many facts fit, none of them after place `upTo`. */
  async count(filter: FactFilter, upTo: number): Promise<number> {
    const places = await this.placesOf(filter);
    if (places === undefined) return 0;
    const asked = new Conditions(filter, places).add((value) => `f.seq <= ${value(upTo)}`);
    const [row] = await rows<{ count: string }>(this.source, `SELECT count(*) FROM facts f ${asked.where}`, asked.values);
    return Number(row!.count);
  }

  /** All facts that fit up to place `upTo`, each with the hash before it; some at a time, so that memory stays the same. */
  async *stream(filter: FactFilter, upTo: number): AsyncGenerator<SelectedFact> {
    const places = await this.placesOf(filter);
    if (places === undefined) return;
    for (let after = '0'; ;) {
      const asked = new Conditions(filter, places).add((value) => `f.seq > ${value(after)}`).add((value) => `f.seq <= ${value(upTo)}`);
      const found = await rows<FactRow & { previous: Buffer | null }>(this.source,
        `SELECT f.seq, f.record, f.hash, p.hash AS previous FROM facts f LEFT JOIN facts p ON p.seq = f.seq - 1 ${asked.where} ORDER BY f.seq LIMIT ${asked.value(STREAM)}`,
        asked.values);
      for (const { seq, record, hash, previous } of found) {
        yield { seq: Number(seq), record, hash: hash.toString('hex'), previous: previous?.toString('hex') ?? GENESIS };
      }
      if (found.length < STREAM) return;
      after = found.at(-1)!.seq;
    }
  }

  /**
   * Between which places a time lies. Read in the order of places alone, a late time would be looked for from the beginning.
   * Added to nought, so that the least place is not looked for that way either.
   */
  private async placesOf({ from, to }: FactFilter): Promise<Places | null | undefined> {
    if (!from && !to) return null;
    const [found] = await rows<{ low: string | null; high: string | null }>(this.source,
      `SELECT min(seq + 0) AS low, max(seq + 0) AS high FROM facts WHERE at >= $1 AND at <= $2`, [from?.toISOString() ?? '', to?.toISOString() ?? '9999']);
    return found?.low == null || found.high == null ? undefined : { low: found.low, high: found.high };
  }
}

/** A row as the verifier wants it. */
export function toAuditRow({ seq, record, hash, type, actor, at, alert_id: alert }: FactRow): AuditRow {
  return { seq: Number(seq), record, hash: hash.toString('hex'), columns: { type, actor, at, alert } };
}

/** The conditions of a filter with their values. */
class Conditions {
  readonly values: unknown[] = [];
  private readonly conditions: string[] = [];

  constructor({ alert, type, actor, destination, channel, outcome, mode, from, to }: FactFilter, places: Places | null) {
    for (const [column, given] of Object.entries({ alert_id: alert, type, actor, destination, channel, outcome })) {
      if (given !== undefined) this.add((value) => `f.${column} = ${value(given)}`);
    }
    if (mode !== undefined) this.add((value) => `f.alert_id IN (SELECT a.id::text FROM alerts a WHERE a.mode = ${value(mode)})`);
    if (places) this.add((value) => `f.seq BETWEEN ${value(places.low)} AND ${value(places.high)}`);
    if (from) this.add((value) => `f.at >= ${value(from.toISOString())}`);
    if (to) this.add((value) => `f.at <= ${value(to.toISOString())}`);
  }

  get where(): string {
    return this.conditions.length > 0 ? `WHERE ${this.conditions.join(' AND ')}` : '';
  }

  add(condition: (value: (given: unknown) => string) => string): this {
    this.conditions.push(condition((given) => this.value(given)));
    return this;
  }

  /** The placeholder of a value. */
  value(given: unknown): string {
    return `$${this.values.push(given)}`;
  }
}
