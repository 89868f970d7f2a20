import { makeFact, officerActor, SYSTEM, type Actor, type Fact } from '#audit/fact.js';
import { canonicalJson } from '#kernel/canonical.js';
import type { Clock } from '#kernel/clock.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { FactId, Ids, OfficerId } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import { CHANGE_MS, type Change, type ChangeId, type ChangeKind, type ChangeKinds, type ChangeStore, type Json, type Statement, type Told } from './change.js';

export interface ChangesParts {
  readonly store: ChangeStore;
  readonly kinds: ChangeKinds;
  /** 32 octets: seals secrets and reasons, and keys the digests in facts. */
  readonly masterKey: MasterKey;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A change as administrators and auditors see it. */
export interface ShownChange extends Omit<Change, 'kept' | 'sealed' | 'reason'> {
  readonly hasSecret: boolean;
  /** What is put in force, where the proposal only names it. */
  readonly document: Json;
  readonly reason: string | null;
}

/** Proposes, confirms, refuses and takes back. That two different administrators stand behind a change is the database's rule too. */
export class Changes {
  constructor(private readonly parts: ChangesParts) {}

  /** Throws CHANGE_KIND_UNKNOWN, CHANGE_INVALID with the field, CHANGE_PENDING, and what the kind refuses. */
  async propose(proposal: { readonly kind: string; readonly payload: unknown; readonly secret?: unknown }, by: OfficerId): Promise<{ readonly change: ShownChange; readonly told: Told }> {
    const { store, masterKey, clock, ids } = this.parts;
    const kind = this.kindOf(proposal.kind);
    const { payload, secret } = kind.read(proposal.payload, proposal.secret);
    await this.lapse();
    const { subject, kept = {}, told = {} } = await kind.prepare(payload, secret);
    const id = ids.next<ChangeId>();
    const at = clock.now();
    const sealed = secret === undefined ? null : masterKey.seal(Buffer.from(canonicalJson(secret), 'utf8'), secretOf(id));
    // The digest covers secrets too, so that what was carried out can be told to be what was proposed.
    const digest = masterKey.digest(canonicalJson({ payload, secret: secret ?? null }));
    const fact = this.fact(officerActor(by), at, { type: 'change.proposed', body: { change: id, kind: proposal.kind, subject, digest } });
    await store.propose({ id, kind: proposal.kind, subject, payload, kept, sealed, by, proposedAt: at, expiresAt: new Date(at.getTime() + CHANGE_MS) }, fact);
    return { change: await this.show(id), told };
  }

  /** Returns when this administrator may confirm it now. Throws CHANGE_MISSING, CHANGE_SETTLED, CHANGE_OWN. */
  async mayConfirm(id: ChangeId, by: OfficerId): Promise<Change> {
    const change = await this.load(id);
    if (change.status !== 'open' || change.expiresAt <= this.parts.clock.now()) throw fail('CHANGE_SETTLED');
    if (change.proposedBy.id === by) throw fail('CHANGE_OWN');
    return change;
  }

  /** Carries it out; `stepUp` is how who confirms has just proved who they are. Throws CHANGE_MISSING, CHANGE_SETTLED, CHANGE_OWN, and what the kind refuses. */
  async confirm(id: ChangeId, by: OfficerId, stepUp: 'totp' | 'passkey'): Promise<{ readonly change: ShownChange; readonly told: Told }> {
    const { store, masterKey, clock } = this.parts;
    const change = await this.mayConfirm(id, by);
    const kind = this.kindOf(change.kind);
    const secret: unknown = change.sealed === null ? undefined : JSON.parse(masterKey.open(change.sealed, secretOf(id)).toString('utf8'));
    const { given = {}, told = {} } = await kind.complete(change.payload, secret, change);
    const at = clock.now();
    const statements: Statement[] = [{ type: 'change.confirmed', body: { change: id, proposer: change.proposedBy.id, stepUp } }, ...kind.facts(change.payload, change)];
    await store.settle({ id, verb: 'confirm', by, at, given, reason: null }, statements.map((said) => this.fact(officerActor(by), at, said)));
    return { change: await this.show(id), told };
  }

  /** Throws REASON_MISSING, CHANGE_MISSING, CHANGE_SETTLED, CHANGE_OWN. */
  async refuse(id: ChangeId, reason: string, by: OfficerId): Promise<ShownChange> {
    const { store, masterKey, clock } = this.parts;
    const text = reason.trim();
    if (text === '') throw fail('REASON_MISSING', 'reason');
    const at = clock.now();
    const fact = this.fact(officerActor(by), at, { type: 'change.refused', body: { change: id, remark: masterKey.digest(text) } });
    await store.settle({ id, verb: 'refuse', by, at, given: {}, reason: masterKey.seal(Buffer.from(text, 'utf8'), reasonOf(id)) }, [fact]);
    return this.show(id);
  }

  /** Throws CHANGE_MISSING, CHANGE_SETTLED, and CHANGE_OWN for anybody but the proposer. */
  async takeBack(id: ChangeId, by: OfficerId): Promise<ShownChange> {
    const at = this.parts.clock.now();
    await this.parts.store.settle({ id, verb: 'take_back', by, at, given: {}, reason: null }, [this.fact(officerActor(by), at, { type: 'change.taken_back', body: { change: id } })]);
    return this.show(id);
  }

  /** Open ones, or those settled last (200 at most); newest first. */
  async list(which: 'open' | 'settled'): Promise<readonly ShownChange[]> {
    return (await this.parts.store.list(which, 200)).map((change) => this.shown(change));
  }

  /** Throws CHANGE_MISSING. */
  async show(id: ChangeId): Promise<ShownChange> {
    return this.shown(await this.load(id));
  }

  /** Lets those lapse that nobody decided in time; by the clock, or before a proposal that they would stand in the way of. */
  async lapse(): Promise<void> {
    const { store, clock } = this.parts;
    const at = clock.now();
    for (const id of await store.overdue(at)) {
      const fact = this.fact(SYSTEM, at, { type: 'change.expired', body: { change: id } });
      await store.settle({ id, verb: 'expire', by: null, at, given: {}, reason: null }, [fact]).catch((error: unknown) => {
        // Another process was quicker.
        if (!(error instanceof Refusal && error.code === 'CHANGE_SETTLED')) throw error;
      });
    }
  }

  private async load(id: ChangeId): Promise<Change> {
    const change = await this.parts.store.find(id);
    if (!change) throw fail('CHANGE_MISSING');
    return change;
  }

  private shown({ kept, sealed, reason, ...change }: Change): ShownChange {
    return { ...change, hasSecret: sealed !== null, document: kept['document'] ?? null, reason: reason && this.parts.masterKey.open(reason, reasonOf(change.id)).toString('utf8') };
  }

  private kindOf(name: string): ChangeKind {
    const kind = Object.hasOwn(this.parts.kinds, name) ? this.parts.kinds[name] : undefined;
    if (!kind) throw fail('CHANGE_KIND_UNKNOWN', 'kind');
    return kind;
  }

  private fact(actor: Actor, at: Date, { type, body }: Statement): Fact {
    return makeFact({ id: this.parts.ids.next<FactId>(), at, type, actor, body });
  }
}

/** What a change's secrets, and the reason of its refusal, are sealed for. */
export const secretOf = (id: ChangeId): string => `change:${id}/secret`;
export const reasonOf = (id: ChangeId): string => `change:${id}/reason`;
