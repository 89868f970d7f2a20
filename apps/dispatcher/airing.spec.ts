import { slotKey } from '#dispatch/airing.js';
import type { Channel, Message, Outcome } from '#dispatch/channel.js';
import { Partners } from '#dispatch/partners.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { plainRules } from '#dispatch/testing/outgoing.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Alert } from '#alerts/alert.js';
import { PgAiringStore } from '#storage/airing-store.js';
import { rows } from '#storage/database.js';
import { z } from 'zod';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { AiringClock, airersOf } from './airing-clock.js';

const MINUTE = 60_000;
const accepted = (message: Message): Outcome => ({ kind: 'accepted', references: [message.key], expectedReceipts: 1 });

let stage: DispatchStage;
beforeAll(async () => {
  stage = await DispatchStage.open([{ id: 'radio' }, { id: 'tv' }]);
});
afterAll(() => stage.close());

/** A playout that airs what it is given at once and reports it, and a television that airs and reports by itself. */
class Air {
  private readonly pushes: { readonly alertId: string; readonly key: string }[] = [];
  reports = true;
  answer: (message: Message) => Outcome = accepted;
  private told = 0;
  readonly store = new PgAiringStore(stage.source, stage.clock, stage.ids);
  private readonly deliveries = stage.deliveries();
  private readonly channel: Channel = {
    kind: 'radio', settings: z.strictObject({}), resend: () => 'safe', lapses: false, connectsTo: () => [], parts: () => 1, preview: () => [], airing: () => 'triggered',
    open: () => ({
      publish: async (message) => {
        this.pushes.push({ alertId: message.notice.alertId, key: message.key });
        const outcome = this.answer(message);
        if (outcome.kind === 'accepted' && this.reports) await this.report('radio', { reference: message.key }, 'aired 24');
        return outcome;
      },
      withdraw: async (message) => accepted(message), probe: async () => ({ well: true }), close: async () => undefined,
    }),
  };
  readonly partners = new Partners({
    destinations: [{ id: 'radio' as DestinationId, name: 'Radio Proba', channel: 'radio', mode: 'drill', settings: {} }], channelOf: () => this.channel,
    clock: stage.clock, log: stage.log, secret: () => '', outgoing: plainRules, audience: new MemoryAudience(), receive: async () => undefined, onBreaker: () => undefined,
  });
  clock = this.process();

  /** Keys under which an alert was pushed. */
  pushed(alert: Alert): string[] {
    return this.pushes.filter(({ alertId }) => alertId === alert.id).map(({ key }) => key);
  }

  /** One more process over the same database. */
  process(): AiringClock {
    return new AiringClock({
      store: this.store, partners: this.partners, clock: stage.clock, log: stage.log, random: () => 0, wake: () => undefined,
      airers: [...airersOf([{ id: 'radio' as DestinationId, name: '', channel: 'radio', mode: 'drill', settings: {} }], () => this.channel), { id: 'tv' as DestinationId, manners: ['awaited'] }],
      notices: { notice: (id, revision) => stage.alerts.sentNotice(id, revision), photo: async () => undefined },
    });
  }

  report(destination: string, about: { reference: string } | { key: string }, word: string, at = stage.clock.now()): Promise<void> {
    this.told += 1;
    return this.deliveries.receive([{ destination: destination as DestinationId, receiptKey: `${destination}-${Date.now()}-${this.told}-${Math.random()}`, about, stage: 'confirmed', word, at }]);
  }

  /** Lets time pass, and everything that falls due in it be done. */
  async after(minutes: number): Promise<void> {
    stage.offsetMs += minutes * MINUTE;
    await this.settle();
  }

  async settle(): Promise<void> {
    // Once to trigger, once to read what that has proved.
    for (let i = 0; i < 2; i += 1) {
      await this.clock.advance();
      await this.clock.settled();
    }
  }

  async states(alert: Alert, destination: string): Promise<string[]> {
    return (await this.store.slots({ alertId: alert.id, mode: 'drill' })).filter((slot) => slot.destination === destination).map((slot) => `${slot.kind} ${slot.number} ${slot.state}`);
  }
}

/** An alert that both partners have taken. */
async function taken(): Promise<{ air: Air; alert: Alert; keyOf: (destination: string) => string }> {
  stage.offsetMs = 0;
  const alert = await stage.approved();
  await stage.dispatcher().drain();
  const deliveries = await stage.seen(alert.id);
  return { air: new Air(), alert, keyOf: (destination) => deliveries.find((d) => d.destination === destination)!.key };
}

describe('the airing clock of a dispatcher', () => {
  it('gives a playout each slot under a key of its own, and proves it by its receipt', async () => {
    const { air, alert, keyOf } = await taken();
    await air.report('radio', { key: keyOf('radio') }, 'aired 24');
    await air.settle();
    expect(await air.states(alert, 'radio')).toEqual(['alert 0 aired']);
    expect(air.pushed(alert)).toEqual([]);
    await air.after(31);
    await air.after(30);
    expect(await air.states(alert, 'radio')).toEqual(['alert 0 aired', 'alert 1 aired', 'alert 2 aired']);
    expect(air.pushed(alert)).toEqual([1, 2].map((n) => slotKey(keyOf('radio'), n)));
    const [, slot] = (await air.store.slots({ alertId: alert.id, mode: 'drill' })).filter((s) => s.destination === 'radio');
    expect(slot).toMatchObject({ seconds: 24, manner: 'triggered' });
    expect(slot!.receiptSeq).toBeGreaterThan(0);
    expect(await stage.facts('airing.settled', alert.id)).toBeGreaterThanOrEqual(3);
  });

  it('takes a partner\'s own reports: aired, late, missed, and none that is too short', async () => {
    const { air, alert, keyOf } = await taken();
    const report = (word: string) => air.report('tv', { key: keyOf('tv') }, word);
    await report('aired 22');
    await air.after(31);
    expect(await air.states(alert, 'tv')).toEqual(['alert 0 aired', 'alert 1 due']);
    stage.offsetMs += 10 * MINUTE;
    await report('aired 30');
    await air.after(20);
    await report('aired 9');
    await air.after(41);
    expect(await air.states(alert, 'tv')).toEqual(['alert 0 aired', 'alert 1 late', 'alert 2 missed', 'alert 3 due']);
  });

  it('asks a silent playout again under the same key', async () => {
    const { air, alert, keyOf } = await taken();
    air.reports = false;
    await air.settle();
    expect(air.pushed(alert)).toEqual([]);
    await air.after(3);
    expect(air.pushed(alert)).toEqual([keyOf('radio')]);
    air.reports = true;
    await air.after(3);
    expect(air.pushed(alert)).toEqual([keyOf('radio'), keyOf('radio')]);
    expect(await air.states(alert, 'radio')).toEqual(['alert 0 late']);
  });

  it('is one push a slot, however many processes there are, and goes on after a restart', async () => {
    const { air, alert, keyOf } = await taken();
    await air.report('radio', { key: keyOf('radio') }, 'aired 24');
    await air.settle();
    stage.offsetMs += 31 * MINUTE;
    const others = [air.process(), air.process(), air.process()];
    await Promise.all(others.map((clock) => clock.advance()));
    await Promise.all(others.map((clock) => clock.settled()));
    expect(air.pushed(alert)).toHaveLength(1);
    air.clock = air.process();
    await air.after(30);
    expect(await air.states(alert, 'radio')).toEqual(['alert 0 aired', 'alert 1 aired', 'alert 2 aired']);
  });

  it('pushes nothing of an alert that has ended, and awaits its ending once', async () => {
    const { air, alert, keyOf } = await taken();
    await air.report('radio', { key: keyOf('radio') }, 'aired 24');
    await air.settle();
    stage.offsetMs += 31 * MINUTE;
    air.reports = false;
    await air.settle();
    await stage.withdrawn(alert);
    await stage.dispatcher().drain();
    const pushedBefore = air.pushed(alert).length;
    await air.after(5);
    await air.after(120);
    expect(air.pushed(alert)).toHaveLength(pushedBefore);
    expect(await air.states(alert, 'radio')).toEqual(['alert 0 aired', 'alert 1 stopped', 'withdrawn 0 missed']);
    const slots = await rows<{ reason: string }>(stage.source, `SELECT reason FROM airing_slots WHERE state = 'stopped' AND reason = 'withdrawn'`);
    expect(slots.length).toBeGreaterThan(0);
  });

  it('is not claimed once the alert has ended, though nobody has advanced since', async () => {
    const { air, alert } = await taken();
    air.reports = false;
    await air.settle();
    const [slot] = (await air.store.slots({ alertId: alert.id, mode: 'drill' })).filter((s) => s.destination === 'radio');
    const later = new Date(stage.clock.now().getTime() + 5 * MINUTE);
    const name = { deliveryId: slot!.deliveryId, number: 0 };
    const claimed = await air.store.claim(name, 5_000, later);
    expect(claimed).toBeDefined();
    expect(await air.store.claim(name, 5_000, later)).toBeUndefined();
    expect(await air.store.holds(claimed!)).toBe(true);
    await stage.withdrawn(alert);
    expect(await air.store.holds(claimed!)).toBe(false);
    await air.store.release(claimed!, { kind: 'deferred', reason: 'x' }, later);
    expect(await air.store.claim(name, 5_000, later)).toBeUndefined();
  });

  it('airs an update at once, keeps to the times of the first airing, and stops the old words', async () => {
    const { air, alert, keyOf } = await taken();
    await air.report('radio', { key: keyOf('radio') }, 'aired 24');
    await air.after(10);
    await stage.updated(alert);
    await stage.dispatcher().drain();
    await air.after(1);
    await air.after(20);
    const slots = (await air.store.slots({ alertId: alert.id, mode: 'drill' })).filter((s) => s.destination === 'radio' && s.kind === 'update');
    expect(slots.map((s) => s.number)).toEqual([0, 1]);
    const [first] = (await air.store.slots({ alertId: alert.id, mode: 'drill' })).filter((s) => s.destination === 'radio' && s.kind === 'alert');
    expect(slots[1]!.dueAt.getTime() - first!.airedAt!.getTime()).toBe(30 * MINUTE);
  });
});
