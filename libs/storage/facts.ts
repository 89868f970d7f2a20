import type { EntityManager } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import type { AlertId, FactId, Ids } from '#kernel/ids.js';
import { makeFact, type Actor, type FactBody, type FactType } from '#audit/fact.js';
import { rows } from './database.js';

/** Makes facts and appends them to the chain. */
export class Facts {
  constructor(private readonly clock: Clock, private readonly ids: Ids) {}

  /** The record of a fact of this moment, or of `at`. */
  make<T extends FactType>(type: T, actor: Actor, alertId: AlertId | undefined, body: FactBody<T>, at = this.clock.now()): string {
    return makeFact({ id: this.ids.next<FactId>(), at, type, actor, ...(alertId && { alertId }), body }).record;
  }

  /** Appends records; the last thing in a transaction, so that the chain's lock is held for the commit only. */
  async append(manager: EntityManager, records: readonly string[]): Promise<void> {
    if (records.length > 0) await rows(manager, 'SELECT append_facts($1)', [records]);
  }
}
