import { z } from 'zod';
import { slotKey } from '#dispatch/airing.js';
import { routeReference, type Channel, type Destination, type Message, type Outcome } from '#dispatch/channel.js';
import { Partners } from '#dispatch/partners.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { plainRules } from '#dispatch/testing/outgoing.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Alert } from '#alerts/alert.js';
import { PgAiringStore } from '#storage/airing-store.js';
import { rows } from '#storage/database.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { AiringClock, airersOf } from './airing-clock.js';

const MINUTE = 60_000;
const id = 'radio' as DestinationId;
const ROUTES = ['radio', 'radio-rezerva', 'radio-cap'] as const;
type Way = (typeof ROUTES)[number];
const accepted = (message: Message): Outcome => ({ kind: 'accepted', references: [message.key], expectedReceipts: 1 });
const refused: Outcome = { kind: 'deferred', reason: 'connect_refused' };

let stage: DispatchStage;
beforeAll(async () => {
  stage = await DispatchStage.open([{ id, fallbacks: [{ id: 'radio-rezerva' }, { id: 'radio-cap' }] }]);
});
afterAll(() => stage.close());

/** A radio with two playouts, of which what they air is reported at once, and behind them an address that takes CAP and airs by itself. */
class Radio {
  readonly pushed: { readonly way: Way; readonly key: string }[] = [];
  readonly down = new Set<Way>();
  private reports = 0;
  readonly destination: Destination = { id, name: 'Radio Proba', channel: 'radio', mode: 'drill', settings: {}, fallbacks: ROUTES.slice(1).map((channel) => ({ channel, settings: {} })) };
  readonly store = new PgAiringStore(stage.source, stage.clock, stage.ids);
  readonly partners = new Partners({
    destinations: [this.destination], channelOf: (kind) => this.channel(kind as Way), clock: stage.clock, log: stage.log, secret: () => '', outgoing: plainRules, audience: new MemoryAudience(),
    receive: (receipt) => stage.deliveries().receive([receipt]), onBreaker: () => undefined, breakerPolicy: { timeoutMs: 20_000, thresholdPercentage: 50, volume: 1_000, patienceMs: 15_000 },
  });
  readonly clock = new AiringClock({
    store: this.store, partners: this.partners, clock: stage.clock, log: stage.log, random: () => 0, wake: () => undefined, airers: airersOf([this.destination], (kind) => this.channel(kind as Way)),
    notices: { notice: (alert, revision) => stage.alerts.sentNotice(alert, revision), photo: async () => undefined },
  });

  private channel(way: Way): Channel {
    return {
      kind: way, settings: z.strictObject({}), resend: () => 'safe', lapses: false, connectsTo: () => [], parts: () => 1, preview: () => [], airing: () => (way === 'radio-cap' ? 'awaited' : 'triggered'),
      open: (_, line) => ({
        publish: async (message) => {
          if (this.down.has(way)) return refused;
          this.pushed.push({ way, key: message.key });
          this.reports += 1;
          const about = way === 'radio-cap' ? { key: message.key } : { reference: message.key };
          await line.receive({ destination: id, receiptKey: `${way}-${this.reports}-${message.key}`, about, stage: 'confirmed', word: 'aired 24', at: stage.clock.now() });
          return accepted(message);
        },
        withdraw: async (message) => accepted(message), probe: async () => ({ well: true }), close: async () => undefined,
      }),
    };
  }

  /** The CAP address airs by itself and says so. */
  async airsBy(key: string): Promise<void> {
    this.reports += 1;
    await stage.deliveries().receive([{ destination: id, receiptKey: `own-${this.reports}-${key}`, about: { key }, stage: 'confirmed', word: 'aired 24', at: stage.clock.now() }]);
  }

  async after(minutes: number): Promise<void> {
    stage.offsetMs += minutes * MINUTE;
    for (let i = 0; i < 2; i += 1) {
      await this.clock.advance();
      await this.clock.settled();
    }
  }

  async states(alert: Alert): Promise<string[]> {
    return (await this.store.slots({ alertId: alert.id, mode: 'drill' })).filter(({ kind }) => kind === 'alert').map(({ number, manner, state }) => `${number} ${manner} ${state}`);
  }
}

/** An alert that was taken and aired over the given route. */
async function aired(route = 0): Promise<{ radio: Radio; alert: Alert; key: string }> {
  stage.offsetMs = 0;
  stage.script.clear();
  stage.taken.length = 0;
  const radio = new Radio();
  const alert = await stage.approved();
  for (const way of ROUTES.slice(0, route)) stage.answer(way, () => refused);
  await stage.dispatcher().drain();
  const { key } = (await stage.seen(alert.id))[0]!;
  await radio.airsBy(key);
  await radio.after(0);
  return { radio, alert, key };
}

/** What the timeline says of moves. */
async function moves(alert: Alert): Promise<string[]> {
  const found = await rows<{ move: string }>(stage.source,
    `SELECT concat_ws(' ', b ->> 'from', b ->> 'to', b ->> 'reason') AS move FROM facts, LATERAL (SELECT record::jsonb -> 'body' AS b) AS body
      WHERE type = 'delivery.rerouted' AND alert_id = $1::uuid::text ORDER BY seq`, [alert.id]);
  return found.map(({ move }) => move);
}

/** Which routes were given the ending. */
async function ended(alert: Alert): Promise<string[]> {
  await stage.withdrawn(alert);
  await stage.dispatcher().drain();
  return stage.taken.filter(({ action }) => action === 'withdraw').map(({ destination }) => destination).sort();
}

describe('an airing slot that is due', () => {
  it('goes over the next route while the first is in trouble, and back when it is well; the timeline says what moved and why, and the ending follows', async () => {
    const { radio, alert, key } = await aired();
    await radio.after(31);
    radio.down.add('radio');
    await radio.after(30);
    await radio.after(30);
    radio.down.clear();
    await radio.after(30);
    expect(radio.pushed).toEqual([
      { way: 'radio', key: slotKey(key, 1) }, { way: 'radio-rezerva', key: slotKey(key, 2) }, { way: 'radio-rezerva', key: slotKey(key, 3) }, { way: 'radio', key: slotKey(key, 4) },
    ]);
    expect(await radio.states(alert)).toEqual([0, 1, 2, 3, 4].map((n) => `${n} triggered aired`));
    // Slot 3 tried the first route again, found it as it was, and stayed away from it.
    expect(await moves(alert)).toEqual(['0 1 connect_refused', '1 0 breaker_closed', '0 1 connect_refused', '1 0 breaker_closed']);
    expect(await ended(alert)).toEqual(['radio', 'radio-rezerva']);
  });

  it('skips routes whose breaker is open', async () => {
    const { radio, alert, key } = await aired();
    const [first, second] = radio.partners.get(id)!.routes;
    for (const { breaker } of [first, second!]) while (breaker.state !== 'open') for (let n = 0; n < 1_000; n += 1) await breaker.probed(false);
    await radio.after(31);
    await radio.after(30);
    // Told once, under the key of the delivery: it airs by itself.
    expect(radio.pushed).toEqual([{ way: 'radio-cap', key }]);
    expect(await radio.states(alert)).toEqual(['0 triggered aired', '1 awaited aired', '2 awaited due']);
    await radio.airsBy(key);
    await radio.after(1);
    expect(await radio.states(alert)).toEqual(['0 triggered aired', '1 awaited aired', '2 awaited aired']);
    expect(await moves(alert)).toEqual(['0 2 breaker_open']);
    expect(await ended(alert)).toEqual(['radio', 'radio-cap']);
  });

  it('is left to a partner that took the notice over a route by which it airs itself, until a playout is back', async () => {
    const { radio, alert, key } = await aired(2);
    expect(await radio.states(alert)).toEqual(['0 awaited aired']);
    radio.down.add('radio').add('radio-rezerva');
    await radio.after(31);
    expect(radio.pushed).toEqual([]);
    await radio.airsBy(key);
    await radio.after(1);
    expect(await radio.states(alert)).toEqual(['0 awaited aired', '1 awaited aired']);
    radio.down.clear();
    await radio.after(30);
    expect(radio.pushed).toEqual([{ way: 'radio', key: slotKey(key, 2) }]);
    expect(await radio.states(alert)).toEqual(['0 awaited aired', '1 awaited aired', '2 triggered aired']);
    expect(await ended(alert)).toEqual(['radio', 'radio-cap']);
  });

  it('leaves no route to end that took nothing, and goes nowhere once the alert has ended', async () => {
    const { radio, alert, key } = await aired();
    for (const way of ROUTES) radio.down.add(way);
    await radio.after(31);
    expect(radio.pushed).toEqual([]);
    const [slot] = (await radio.store.slots({ alertId: alert.id, mode: 'drill' })).filter(({ number }) => number === 1);
    const claimed = await radio.store.claim({ deliveryId: slot!.deliveryId, number: 1 }, 5_000, new Date(stage.clock.now().getTime() + 5 * MINUTE));
    expect(claimed).toMatchObject({ delivery: { key, route: 0 }, given: [] });
    expect(await ended(alert)).toEqual(['radio']);
    expect(await radio.store.place(claimed!, { from: 0, to: 1, channel: 'radio-rezerva', reason: 'breaker_open' })).toBe(false);
  });

  it('that may have been taken over a route has its ending there too, and its receipt is known before the answer', async () => {
    const { radio, alert } = await aired();
    radio.down.add('radio');
    await radio.after(31);
    const references = await rows<{ reference: string }>(stage.source, 'SELECT reference FROM delivery_references WHERE destination = $1', [id]);
    expect(references.map(({ reference }) => reference)).toContain(routeReference(1, radio.pushed[0]!.key));
    const [given] = await rows<{ may_have: boolean; route: number }>(stage.source,
      'SELECT o.* FROM airing_routes o JOIN deliveries d ON d.id = o.delivery_id WHERE d.alert_id = $1', [alert.id]);
    expect(given).toMatchObject({ may_have: true, route: 1 });
    await rows(stage.source, 'UPDATE airing_routes SET accepted_at = NULL');
    expect(await ended(alert)).toEqual(['radio', 'radio-rezerva']);
  });
});
