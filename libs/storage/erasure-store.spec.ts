import type { AlertId, DestinationId } from '#kernel/ids.js';
import type { Outcome } from '#dispatch/channel.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { rows } from './database.js';
import { PgErasureStore } from './erasure-store.js';

const DAY_MS = 86_400_000;
const taken: Outcome = { kind: 'accepted', references: [], expectedReceipts: 1 };
let stage: DispatchStage;
let erasures: PgErasureStore;

beforeAll(async () => {
  stage = await DispatchStage.open([{ id: 'znak', fallbacks: [{ id: 'znak-radio' }] }, { id: 'tv' }]);
  erasures = new PgErasureStore(stage.source, stage.keys, stage.clock, stage.ids);
});
afterAll(() => stage.close());

const proofs = [
  { destination: 'znak' as DestinationId, channel: 'znak', word: 'blanked' }, { destination: 'znak' as DestinationId, channel: 'znak-radio', word: 'silent' },
];

/** Who has confirmed, after everybody was asked. */
async function confirmed(alert: AlertId): Promise<string[]> {
  const now = stage.clock.now();
  await erasures.ask({ now, dueAt: new Date(now.getTime() + DAY_MS), endedAfter: new Date(now.getTime() - DAY_MS), reachable: [], proofs });
  const { items } = await erasures.list('drill', { open: false, alert, limit: 100 });
  return items.filter((e) => e.confirmedAt !== null).map((e) => `${e.destination} by ${e.confirmedBy!}`);
}

/** A receipt about the newest message of an alert to a destination over a channel. */
async function report(alert: AlertId, channel: string, word: string, stage_: 'confirmed' | 'failed' = 'confirmed'): Promise<void> {
  const message = (await stage.seen(alert)).filter((d) => d.channel === channel).at(-1)!;
  await stage.deliveries().receive([{ destination: message.destination as DestinationId, receiptKey: `${message.key}:${word}`, about: { key: message.key }, stage: stage_, word }]);
}

describe('the receipt of an ending that proves an erasure', () => {
  it('confirms it, in the destination\'s name; another word, a failure and another destination\'s receipt do not', async () => {
    const dispatcher = stage.dispatcher();
    const alert = await stage.approved();
    await dispatcher.drain();
    await report(alert.id, 'znak', 'blanked');
    stage.answer('znak', () => taken);
    await stage.withdrawn(alert);
    await dispatcher.drain();
    await dispatcher.stop(1_000);
    // What the first message was confirmed by says nothing of its end.
    expect(await confirmed(alert.id)).toEqual([]);
    await report(alert.id, 'znak', 'displayed', 'failed');
    await report(alert.id, 'tv', 'blanked');
    await report(alert.id, 'znak', 'blank 24');
    expect(await confirmed(alert.id)).toEqual([]);
    // The first word counts: some receipts say more.
    await report(alert.id, 'znak', 'blanked 24');
    expect(await confirmed(alert.id)).toEqual(['znak by destination:znak']);
    expect(await confirmed(alert.id)).toEqual(['znak by destination:znak']);
    expect(await stage.facts('erasure.confirmed', alert.id)).toBe(1);
  });

  it('is needed over a route too that was given a later airing', async () => {
    const dispatcher = stage.dispatcher();
    const alert = await stage.approved();
    await dispatcher.drain();
    const first = (await stage.seen(alert.id)).find((d) => d.destination === 'znak')!;
    await rows(stage.source, `INSERT INTO airing_routes (delivery_id, route, channel) VALUES ($1, 1, 'znak-radio')`, [first.id]);
    await stage.withdrawn(alert);
    await dispatcher.drain();
    await report(alert.id, 'znak', 'blanked');
    expect(await confirmed(alert.id)).toEqual([]);
    await report(alert.id, 'znak-radio', 'silent');
    expect(await confirmed(alert.id)).toEqual(['znak by destination:znak']);
  });

  it('is needed over every route by which the alert may have arrived', async () => {
    const dispatcher = stage.dispatcher();
    const alert = await stage.approved();
    await dispatcher.drain();
    // The update goes over the second route, so both may have the child's data.
    stage.answer('znak', () => ({ kind: 'deferred', reason: 'connect_refused' }));
    const updated = await stage.updated(alert);
    await dispatcher.drain();
    await stage.withdrawn(updated);
    await dispatcher.drain();
    await dispatcher.stop(1_000);
    const endings = (await stage.seen(alert.id)).filter((d) => d.destination === 'znak' && d.kind === 'withdrawn');
    expect(endings.map((d) => d.channel).sort()).toEqual(['znak', 'znak-radio']);
    for (const { channel } of endings) {
      expect(await confirmed(alert.id)).toEqual([]);
      await report(alert.id, channel, proofs.find((p) => p.channel === channel)!.word);
    }
    expect(await confirmed(alert.id)).toEqual(['znak by destination:znak']);
  });
});
