import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import { createCapPush } from '#channels/cap-push/channel.js';
import { startFakePartner as startBroadcaster } from '#channels/cap-push/fake-partner.js';
import { broadcaster } from '#channels/cap-push/testing/stage.js';
import { createCasparcg } from '#channels/casparcg/channel.js';
import { startFakePartner as startTelevision } from '#channels/casparcg/fake-partner.js';
import { television } from '#channels/casparcg/testing/stage.js';
import { listed } from '#channels/catalog.js';
import { createLiquidsoap } from '#channels/liquidsoap/channel.js';
import { startFakePartner as startRadio } from '#channels/liquidsoap/fake-partner.js';
import { radio } from '#channels/liquidsoap/testing/stage.js';
import { humming, sharedFolder } from '#dispatch/testing/playout-stage.js';
import type { Alert } from '#alerts/alert.js';
import type { Destination } from '#dispatch/channel.js';
import { Partners } from '#dispatch/partners.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { plainRules } from '#dispatch/testing/outgoing.js';
import { openReceiptDoor } from '#dispatch/testing/receipt-door.js';
import type { DestinationId } from '#kernel/ids.js';
import { PgAiringStore } from '#storage/airing-store.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { until } from '../../tests/support/until.js';
import { AiringClock, airersOf } from './airing-clock.js';

const MINUTE = 60_000;
/** A notice of 24 seconds is on air for three: long enough to be seen whole on a busy machine. */
const fast = { simulated: { speed: 8 } };
const named = <S>(id: string, destination: Destination<S>, port: number, settings: Partial<S>): Destination<S> =>
  ({ ...destination, id: id as DestinationId, settings: { ...destination.settings, ...settings, port } });

let stage: DispatchStage;
let partners: Partners;
let clock: AiringClock;
let store: PgAiringStore;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  stage = await DispatchStage.open([{ id: 'radio' }, { id: 'tv' }, { id: 'rts' }]);
  const folder = await sharedFolder();
  const secret = await drillSecrets('tv');
  const receive = (receipt: Parameters<Parameters<typeof openReceiptDoor>[2]>[0]) => stage.deliveries().receive([receipt]);
  const door = await openReceiptDoor('rts' as DestinationId, WEBHOOK_SECRET, receive);
  const playout = await startRadio(radio(0, folder.path, fast));
  const screen = await startTelevision(television(0, folder.path, fast));
  const own = { ...broadcaster(0), id: 'rts' as DestinationId };
  const station = await startBroadcaster(own, { secret, apiUrl: door.url, clock: stage.clock });
  const destinations: Destination[] = [
    named('radio', radio(playout.port, folder.path, fast), playout.port, {}), named('tv', television(screen.port, folder.path, fast), screen.port, {}),
    { ...broadcaster(station.port), id: 'rts' as DestinationId, simulated: true },
  ];
  const channels = [listed(createLiquidsoap(humming)), listed(createCasparcg(humming)), listed(createCapPush())];
  const channelOf = (kind: string) => channels.find((channel) => channel.kind === kind)!;
  partners = new Partners({
    destinations, channelOf, clock: stage.clock, log: stage.log, secret, outgoing: plainRules, audience: new MemoryAudience(), receive, onBreaker: () => undefined,
  });
  store = new PgAiringStore(stage.source, stage.clock, stage.ids);
  clock = new AiringClock({
    store, partners, clock: stage.clock, log: stage.log, random: () => 0, wake: () => undefined, airers: airersOf(destinations, channelOf),
    notices: { notice: (id, revision) => stage.alerts.sentNotice(id, revision), photo: async () => undefined },
  });
  closing.push(() => clock.stop(), () => partners.close(), () => station.close(), () => screen.close(), () => playout.close(), () => door.close(), () => folder.remove(), () => stage.close());
});
afterAll(async () => {
  for (const close of closing) await close();
});

/** Gives the newest message of an alert to every broadcaster, as the dispatcher does. */
async function send(alert: Alert, call: 'publish' | 'withdraw'): Promise<void> {
  for (const id of ['radio', 'tv']) stage.answer(id, ({ message }) => ({ kind: 'accepted', references: [message.key], expectedReceipts: 1 }));
  await stage.dispatcher().drain();
  const sent = await stage.seen(alert.id);
  const newest = Math.max(...sent.map((d) => d.revision));
  const notice = (await stage.alerts.sentNotice(alert.id, newest))!;
  await Promise.all(sent.filter((d) => d.revision === newest).map(async ({ destination, key, id }) => {
    const { connection } = partners.get(destination as DestinationId)!.routes[0];
    const outcome = await connection[call]({ key, deliveryId: id, part: 0, notice }, AbortSignal.timeout(60_000));
    expect([destination, outcome.kind]).toEqual([destination, 'accepted']);
  }));
}

async function states(alert: Alert): Promise<string[]> {
  await clock.advance();
  return (await store.slots({ alertId: alert.id, mode: 'drill' })).filter((s) => s.kind !== 'withdrawn').map((s) => `${s.destination} ${s.number} ${s.state}`).sort();
}

const ALL = ['radio', 'rts', 'tv'];
const slots = (...numbers: string[]) => ALL.flatMap((id) => numbers.map((slot) => `${id} ${slot}`));
const become = (alert: Alert, wanted: string[]) => until(() => states(alert), (all) => all.join() === wanted.join(), (all) => `${all.join(', ')}\nwanted: ${wanted.join(', ')}`);

describe('the simulated broadcasters', () => {
  it('report each airing of the rulebook, whether the system triggers it or they air by themselves, and stop when it is withdrawn', async () => {
    const alert = await stage.approved();
    await send(alert, 'publish');
    await become(alert, slots('0 aired'));
    for (const number of [1, 2]) {
      stage.offsetMs += 30 * MINUTE + 1_000;
      await become(alert, slots(...Array.from({ length: number + 1 }, (_, n) => `${n} aired`)));
    }
    const proved = (await store.slots({ alertId: alert.id, mode: 'drill' })).map((s) => s.receiptSeq);
    expect(new Set(proved).size).toBe(9);
    expect(proved.every((seq) => seq !== null)).toBe(true);

    await stage.withdrawn(alert);
    await send(alert, 'withdraw');
    stage.offsetMs += 61 * MINUTE;
    expect((await states(alert)).join()).toBe(slots('0 aired', '1 aired', '2 aired').join());
  });
});
