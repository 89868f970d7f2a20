import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { FixedClock, systemClock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { Language } from '#alerts/content.js';
import { CANARY_NAMES, sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import type { WebPush} from './channel.js';
import { outcomeOf, webPush } from './channel.js';
import { encodePayloads, previewPush, topicOf, ttlOf } from './encode.js';
import { PushService } from './push-service.js';
import { Stop } from './stop.js';
import { writeContact } from './subscription.js';
import { pushStage, secret, type PushStage } from './testing/stage.js';
import { OutgoingRules } from '#dispatch/outgoing.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';

const signal = () => AbortSignal.timeout(60_000);
let stage: PushStage;
let push: WebPush;

async function open(subscribers: number, more: Record<string, unknown> = {}, clock = systemClock): Promise<void> {
  stage = await pushStage(subscribers, more, clock);
  push = webPush.open(stage.destination, stage.line) as WebPush;
}
afterEach(async () => {
  await push.close();
  await stage.service.close();
});

const told = () => stage.said.filter((e) => e.name === 'audience.told').map(({ queued, gone, refused, left, unsure }) => ({ queued, gone, refused, left, unsure }));

describe('an alert by web push', () => {
  it('reaches every subscriber once, each with a key of its own, whatever shard they are in', async () => {
    await open(100, { shards: 4, prepared: 50 });
    const message = sampleMessage();
    const outcomes = await Promise.all([0, 1, 2, 3].map((part) => push.publish({ ...message, part }, signal())));
    expect(outcomes.every((o) => o.kind === 'accepted' && o.expectedReceipts === 0)).toBe(true);
    expect(stage.service.received.length).toBe(100);
    expect(new Set(stage.service.received.map((r) => r.name)).size).toBe(100);
    expect(told().reduce((sum, t) => sum + Number(t.queued), 0)).toBe(100);
  });

  it('is sent until the alert ends, urgently, under the topic of the alert', async () => {
    const clock = new FixedClock(systemClock.now());
    await open(1, {}, clock);
    const expires = new Date(clock.now().getTime() + 3_600_500).toISOString();
    const notice = sampleNotice({ expires });
    await push.publish(sampleMessage({ notice }), signal());
    const [{ headers }] = stage.service.received as [PushStage['service']['received'][number]];
    expect(headers).toMatchObject({ ttl: '3600', urgency: 'high', topic: topicOf(notice), 'content-encoding': 'aes128gcm' });
    expect(topicOf(notice)).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(ttlOf({ expires: '2026-11-24T18:00:00+01:00' }, new Date('2026-11-24T17:30:00Z'))).toBe(0);
  });

  it('speaks to each in their language, and goes to those whose district it concerns', async () => {
    await open(3);
    const [one, two, three] = [...stage.service.subscribers.values()].map((s) => s.subscription(stage.service.origin));
    const ask = (subscription: typeof one, language: Language, districts: string[] | null) => stage.audience.add({ kind: 'web-push', mode: 'drill', language, districts, identity: subscription!.endpoint, contact: writeContact(subscription!), confirmed: true });
    await ask(one, 'en', ['RS-20']);
    await ask(two, 'sr-Cyrl', null);
    await ask(three, 'sr-Latn', ['RS-00']);
    const notice = sampleNotice();
    await push.publish(sampleMessage({ notice }), signal());
    expect(Object.fromEntries(stage.service.received.map(({ name, payload }) => [name, (payload as { title: string }).title]))).toEqual({
      'drill-0': notice.texts.en.headline, 'drill-1': notice.texts['sr-Cyrl'].headline,
    });
  });

  it('has one tag and topic from the first notice to the ending, which repeats nothing of the child', () => {
    const alert = sampleNotice();
    const update = sampleUpdate(alert);
    // An ending has no photo; one that had would not show it.
    const ending = { ...sampleEnding('found', update), photo: alert.photo! };
    const read = (notice: typeof alert) => JSON.parse(encodePayloads(notice, 'key').get('sr-Latn')!.toString()) as { tag: string; revision: number; image?: string };
    const [first, second, last] = [alert, update, ending].map(read);
    expect(new Set([first!.tag, second!.tag, last!.tag, topicOf(alert), topicOf(ending)]).size).toBe(1);
    expect([first!.revision, second!.revision, last!.revision]).toEqual([1, 2, 3]);
    expect(first!.image).toBe(`${alert.url}/photo/${alert.photo!.sha256}.jpg`);
    expect(last!.image).toBeUndefined();
    for (const name of CANARY_NAMES) expect(JSON.stringify(last)).not.toContain(name);
    expect(topicOf(sampleNotice())).not.toBe(topicOf(alert));
  });

  it('is found too long before it is approved, to the octet', () => {
    const worded = (short: string) => ({ ...sampleNotice(), texts: { ...sampleNotice().texts, en: { ...sampleNotice().texts.en, short } } });
    const english = (short: string) => previewPush(worded(short)).find((p) => p.language === 'en')!;
    const room = english('').limit - english('').length;
    expect(english('a'.repeat(room)).faults).toEqual([]);
    expect(english('a'.repeat(room + 1)).faults[0]).toMatchObject({ code: 'TEXT_TOO_LONG' });
    // What JSON writes with a backslash counts as it is sent.
    expect(english('"'.repeat(room)).faults[0]).toMatchObject({ code: 'TEXT_TOO_LONG' });
    expect(encodePayloads(worded('a'.repeat(room)), 'k'.repeat(64)).get('en')!.length).toBe(3_993);
  });

  it('is refused in the other mode, and when it does not fit after all', async () => {
    await open(1);
    expect(await push.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), signal())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    const long = { headline: 'x', short: 'x'.repeat(4_000), full: 'x', instruction: 'x', area: 'x' };
    expect(await push.publish(sampleMessage({ notice: sampleNotice({ texts: { 'sr-Latn': long, 'sr-Cyrl': long, en: long } }) }), signal())).toEqual({ kind: 'refused', reason: 'text_too_long' });
    expect(stage.service.ledger).toEqual([]);
  });
});

describe('what push services answer', () => {
  it('404 and 410: the subscription is dropped, and the part is accepted all the same', async () => {
    await open(5);
    stage.service.unsubscribed.add('drill-0').add('drill-1');
    const stranger = `${stage.service.origin}/wpush/nobody`;
    const { keys } = stage.service.subscribers.get('drill-2')!.subscription(stage.service.origin);
    await stage.audience.add({ kind: 'web-push', mode: 'drill', language: 'en', districts: null, identity: stranger, contact: writeContact({ endpoint: stranger, keys }), confirmed: true });
    expect(await push.publish(sampleMessage(), signal())).toMatchObject({ kind: 'accepted' });
    expect(told()).toEqual([{ queued: 3, gone: 3, refused: 0, left: 0, unsure: 0 }]);
    expect(stage.audience.size).toBe(3);
    expect(stage.audience.dropped.map((d) => d.why)).toEqual(['gone', 'gone', 'gone']);
  });

  it('429: the service is left alone for as long as it says, nobody is dropped, and the rest are told later', async () => {
    await open(4);
    stage.service.setFaults({ throttle: true });
    const message = sampleMessage();
    expect(await push.publish(message, signal())).toMatchObject({ kind: 'deferred', reason: 'throttled', retryAfterMs: expect.any(Number) });
    expect(stage.audience.size).toBe(4);
    stage.service.setFaults({});
    expect(await push.publish(message, signal())).toMatchObject({ kind: 'accepted' });
    expect(stage.service.received.length).toBe(4);
  });

  it('an error that passes: tried again within the part', async () => {
    await open(20);
    stage.service.setFaults({ error: true });
    const pending = push.publish(sampleMessage(), signal());
    setTimeout(() => stage.service.setFaults({}), 50);
    expect(await pending).toMatchObject({ kind: 'accepted' });
    expect(stage.service.ledger.length).toBe(20);
  });

  it('some yes, some nothing: uncertain, and a repetition goes to the others alone', async () => {
    await open(10);
    const [gone] = [...stage.service.subscribers.keys()];
    const other = await pushStage(0);
    await other.service.close();
    // One of ten lives at a service that is away.
    const endpoint = `${other.service.origin}/wpush/x`;
    const { keys } = stage.service.subscribers.get(gone!)!.subscription(stage.service.origin);
    await stage.audience.add({ kind: 'web-push', mode: 'drill', language: 'en', districts: null, identity: endpoint, contact: writeContact({ endpoint, keys }), confirmed: true });
    const message = sampleMessage();
    expect(await push.publish(message, signal())).toEqual({ kind: 'uncertain', reason: 'partly_sent' });
    expect(await push.publish(message, signal())).toMatchObject({ kind: 'deferred' });
    expect(stage.service.ledger.length).toBe(10);
    expect(stage.service.ledger.every((entry) => !entry.duplicate)).toBe(true);
  });

  it('a redirect and a refusal are no acceptance; an address that is not allowed is never called', async () => {
    await open(1);
    const member = { id: 'a', contact: writeContact({ endpoint: 'https://evil.example/x', keys: { p256dh: 'x', auth: 'y' } }) };
    stage.service.setFaults({ refuse: true });
    await stage.audience.add({ kind: 'web-push', mode: 'drill', language: 'en', districts: null, identity: 'e', contact: member.contact, confirmed: true });
    expect(await push.publish(sampleMessage(), signal())).toMatchObject({ kind: 'refused' });
    expect(told()).toEqual([{ queued: 0, gone: 0, refused: 2, left: 0, unsure: 0 }]);
  });

  it.each([
    [{ queued: 0, gone: 0, refused: 0, unsure: 0, left: [] }, 'accepted'],
    [{ queued: 2, gone: 0, refused: 3, unsure: 0, left: [] }, 'accepted'],
    [{ queued: 0, gone: 0, refused: 3, unsure: 0, left: [], refusal: 'http_403' }, 'refused'],
    [{ queued: 5, gone: 0, refused: 0, unsure: 0, left: [], pages: { after: 'x' }, why: 'aborted' }, 'uncertain'],
    [{ queued: 0, gone: 0, refused: 0, unsure: 0, left: [], pages: { after: undefined }, why: 'store_busy' }, 'deferred'],
  ])('come to an outcome: %j is %s', (tally, kind) => {
    expect(outcomeOf(tally as unknown as Parameters<typeof outcomeOf>[0]).kind).toBe(kind);
  });
});

describe('sending', () => {
  it('goes on where an attempt was aborted, and nobody gets it twice', async () => {
    await open(600, { window: 50 });
    stage.service.setFaults({ latencyMs: 5 });
    const message = sampleMessage();
    const abort = new AbortController();
    const pending = push.publish(message, abort.signal);
    await stage.service.waitFor((ledger) => ledger.length >= 200);
    abort.abort();
    expect(await pending).toEqual({ kind: 'uncertain', reason: 'aborted' });
    stage.service.setFaults({});
    expect(await push.publish(message, signal())).toMatchObject({ kind: 'accepted' });
    expect(new Set(stage.service.received.map((r) => r.name)).size).toBe(600);
    // Those under way at the abort may have been taken; no more than the window.
    expect(stage.service.ledger.length).toBeLessThanOrEqual(650);
  });

  it('waits for the database as for a partner: deferred', async () => {
    await open(1);
    stage.audience.members = async () => { throw fail('STORE_BUSY'); };
    expect(await push.publish(sampleMessage(), signal())).toEqual({ kind: 'deferred', reason: 'store_busy' });
  });

  it('calls no host that has an address of a private network, whatever the list says', async () => {
    await open(0);
    const rules = await OutgoingRules.open({ private: ['10.0.0.0/8'], tunnels: [443], own: [], resolve: async () => ['10.20.0.7'] });
    const service = new PushService({
      origin: 'https://fcm.googleapis.com', window: 1, connections: 1, timeoutMs: 1_000, outgoing: rules.of({}), onState: () => undefined,
    });
    const exchange = await service.send({ path: '/', headers: [], body: () => Buffer.from('x') }, new Stop(signal()));
    expect(exchange).toEqual({ kind: 'broken', reason: 'address_private', left: false });
    service.close();
  });

  it('goes over HTTP/1.1 where a service offers no other, follows no redirect there, and finds it well', async () => {
    await open(3);
    const seen: string[] = [];
    const old = createServer({ key: secret('spec-server-key'), cert: secret('spec-server-certificate') }, (request, response) => {
      request.resume().once('end', () => {
        seen.push(`${request.method} ${request.url} ${request.headers['content-encoding']}`);
        response.writeHead(request.url === '/wpush/moved' ? 307 : 201, { location: '/wpush/other' }).end('x');
      });
    });
    await new Promise<void>((done) => old.listen(0, '127.0.0.1', done));
    const { port } = old.address() as AddressInfo;
    const service = new PushService({ origin: `https://127.0.0.1:${port}`, ca: secret('spec-authority'), window: 2, connections: 1, timeoutMs: 5_000, outgoing: toLoopback, onState: () => undefined });
    const send = (path: string) => service.send({ path, headers: [['content-encoding', 'aes128gcm']], body: () => Buffer.from('x') }, new Stop(signal()));
    try {
      expect(await Promise.all(['/wpush/a', '/wpush/b', '/wpush/c', '/wpush/moved'].map(send))).toEqual([201, 201, 201, 307].map((status) => ({ kind: 'answer', status })));
      expect(seen.sort()).toEqual(['a', 'b', 'c', 'moved'].map((name) => `POST /wpush/${name} aes128gcm`));
      expect(await service.probe(signal())).toEqual({ well: true });
    } finally {
      service.close();
      old.closeAllConnections();
      await new Promise((done) => old.close(done));
    }
  });

  it('says nothing of addresses and keys in the log', async () => {
    await open(2);
    await push.publish(sampleMessage(), signal());
    expect(stage.said.length).toBeGreaterThan(0);
    expect(JSON.stringify(stage.said)).not.toContain('wpush');
  });
});
