import type { AlertId, DestinationId } from '#kernel/ids.js';
import type { Outcome } from '#dispatch/channel.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { rows } from './database.js';
import { AUTHOR } from '../../tests/support/officers.js';
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

  it('is one that says so, and counts for nothing while something is on its way there, or came after the ending', async () => {
    const dispatcher = stage.dispatcher();
    const alert = await stage.approved();
    await dispatcher.drain();
    stage.answer('znak', () => taken);
    await stage.withdrawn(alert);
    await dispatcher.drain();
    await dispatcher.stop(1_000);
    await report(alert.id, 'znak', 'seen');
    expect(await confirmed(alert.id)).toEqual([]);
    const [first] = (await stage.seen(alert.id)).filter((d) => d.destination === 'znak' && d.kind === 'alert');
    const part = await rows<{ id: string }>(stage.source,
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, part, key, state, next_attempt_at, expires_at)
       VALUES (gen_random_uuid(), $1, 1, 'alert', 'znak-radio', 'znak', 7, $2, 'waiting', now(), now() + interval '1 hour') RETURNING id`, [alert.id, `${alert.id}-7`]);
    await report(alert.id, 'znak', 'blanked');
    expect(await confirmed(alert.id)).toEqual([]);
    await rows(stage.source, `UPDATE deliveries SET state = 'cancelled', next_attempt_at = NULL WHERE id = $1`, [part[0]!.id]);
    await rows(stage.source, `UPDATE deliveries SET reason = 'sent_after_ending' WHERE id = $1`, [first!.id]);
    expect(await confirmed(alert.id)).toEqual([]);
    await rows(stage.source, 'UPDATE deliveries SET reason = NULL WHERE id = $1', [first!.id]);
    // Another part, or the same over another route, of which no ending was heard.
    for (const [number, route] of [[8, 0], [0, 3]]) {
      await rows(stage.source,
        `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, part, route, key, state, may_have, expires_at)
         VALUES (gen_random_uuid(), $1, 1, 'alert', 'znak', 'znak', $2, $3, $4, 'cancelled', true, now())`, [alert.id, number, route, `${alert.id}-${number}-${route}`]);
      expect(await confirmed(alert.id)).toEqual([]);
      await rows(stage.source, `UPDATE deliveries SET may_have = false WHERE key = $1`, [`${alert.id}-${number}-${route}`]);
    }
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

describe('a request to erase', () => {
  /** An alert that both partners had and that has ended, and what each is asked. */
  async function asked() {
    const dispatcher = stage.dispatcher();
    const alert = await stage.approved();
    await dispatcher.drain();
    await stage.withdrawn(alert);
    await dispatcher.drain();
    await dispatcher.stop(1_000);
    expect(await confirmed(alert.id)).toEqual([]);
    const requestOf = async (destination: string) => (await erasures.openOf(destination as DestinationId)).find((e) => e.alertId === alert.id)!;
    return { alert: alert.id, znak: (await requestOf('znak')).id, tv: (await requestOf('tv')).id };
  }
  const tv = 'tv' as DestinationId;
  const znak = 'znak' as DestinationId;

  it('is confirmed by the destination that was asked, once, and by no other', async () => {
    const { alert, znak: request } = await asked();
    await expect(erasures.confirmByPartner(tv, request)).rejects.toMatchObject({ code: 'ERASURE_MISSING' });
    expect(await confirmed(alert)).toEqual([]);
    await erasures.confirmByPartner(znak, request);
    await erasures.confirmByPartner(znak, request);
    expect(await confirmed(alert)).toEqual(['znak by destination:znak']);
    expect(await stage.facts('erasure.confirmed', alert)).toBe(1);
  });

  it('is confirmed by a report that says erased, of the destination itself about its own message', async () => {
    const { alert } = await asked();
    const deliveryTo = async (destination: string) => (await stage.seen(alert)).find((d) => d.destination === destination)!.id;
    let n = 0;
    const says = async (destination: string, about: string, stage_: string) => {
      await rows(stage.source, 'INSERT INTO partner_reports (destination, report_key, delivery_id, stage) VALUES ($1, $2, $3, $4)', [destination, `${alert}-${(n += 1)}`, await deliveryTo(about), stage_]);
      await erasures.confirmByReports(destination as DestinationId, stage.clock.now());
      return confirmed(alert);
    };
    expect(await says('znak', 'znak', 'acknowledged')).toEqual([]);
    expect(await says('tv', 'znak', 'erased')).toEqual([]);
    expect(await says('znak', 'tv', 'erased')).toEqual([]);
    expect(await says('znak', 'znak', 'erased')).toEqual(['znak by destination:znak']);
  });

  it('is an officer\'s to confirm in the alert\'s own mode, with a reason, while it is open', async () => {
    const { alert } = await asked();
    const say = (mode: 'drill' | 'live', reason: string) => erasures.confirmByOfficer(mode, alert, 'tv', AUTHOR, reason);
    await expect(say('live', 'javili su telefonom')).rejects.toMatchObject({ code: 'ERASURE_MISSING' });
    await expect(say('drill', ' ')).rejects.toMatchObject({ code: 'REASON_MISSING' });
    await say('drill', 'javili su telefonom');
    await expect(say('drill', 'javili su telefonom')).rejects.toMatchObject({ code: 'ERASURE_CONFIRMED' });
    expect(await confirmed(alert)).toEqual([`tv by officer:${AUTHOR}`]);
  });

  it('is made of who may have the alert, and is called by one at a time', async () => {
    stage.answer('tv', () => ({ kind: 'refused', reason: 'no' }));
    const dispatcher = stage.dispatcher();
    const alert = await stage.approved();
    await dispatcher.drain();
    await stage.withdrawn(alert);
    await dispatcher.drain();
    await dispatcher.stop(1_000);
    const now = stage.clock.now();
    await erasures.ask({ now, dueAt: new Date(now.getTime() + DAY_MS), endedAfter: new Date(now.getTime() - DAY_MS), reachable: [znak], proofs: [] });
    const { items } = await erasures.list('drill', { open: true, alert: alert.id, limit: 100 });
    expect(items.map((e) => e.destination)).toEqual(['znak']);
    const take = async () => (await erasures.takeDue(now, 60_000)).filter((e) => e.alertId === alert.id).length;
    expect([await take(), await take()]).toEqual([1, 0]);
  });
});
