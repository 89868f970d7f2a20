import { deliveryKey } from '#dispatch/delivery.js';
import type { DeliveryId, DestinationId } from '#kernel/ids.js';
import { PgHeadway } from '#storage/headway-store.js';
import { Stage } from './testing/stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

describe('GET /v1/:mode/alerts/:id/reach', () => {
  it('tells percent, the rate of the last half minute and when the last one will have it', async () => {
    const { path, id } = await stage.written();
    expect((await stage.ask('GET', `${path}/reach`, { as: 'mila' })).json).toEqual({ revision: null, kind: null, destinations: [] });
    const contentHash = await stage.submitted(path);
    await stage.signIn('iva');
    expect((await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } })).status).toBe(200);
    const { deliveries, source } = stage.parts.house;
    const destination = 'operator' as DestinationId;
    const made = await deliveries.planNext((row) => [0, 1].map((part) => ({ channel: 'smpp', destination, part, key: deliveryKey(row.alertId, row.revision, 'smpp', destination, part), spread: false, route: 0 })));
    const [one, two] = made!.queued as [DeliveryId, DeliveryId];
    const headway = new PgHeadway(source, stage.clock);
    for (const taken of [0, 50, 100]) {
      await headway.mark(one, { taken, total: 200 });
      await headway.mark(two, { taken, total: 300 });
      if (taken < 100) stage.clock.advance(10_000);
    }
    const { status, json } = await stage.ask('GET', `${path}/reach`, { as: 'mila' });
    expect(status).toBe(200);
    expect(json).toEqual({
      revision: 1, kind: 'alert',
      destinations: [{
        destination: 'operator', channel: 'smpp', parts: { total: 2, accepted: 0 }, people: { taken: 200, total: 500 }, receipts: { expected: 0, confirmed: 0, failed: 0 },
        percent: 40, perSecond: 10, lastSubscriberAt: new Date(stage.clock.now().getTime() + 30_000).toISOString(), isEstimate: true,
      }],
    });
    expect((await stage.ask('GET', `/v1/live/alerts/${id}/reach`, { as: 'mila' })).json['code']).toBe('ALERT_MISSING');
    expect((await stage.ask('GET', `${path}/reach`)).status).toBe(401);
  });
});
