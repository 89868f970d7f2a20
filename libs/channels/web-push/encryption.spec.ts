import webpush from 'web-push';
import { FixedClock } from '#kernel/clock.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { deriveKeys, encrypt, PAYLOAD_LIMIT } from './encryption.js';
import { FakeSubscriber } from './fake-subscriber.js';
import { KeyStock } from './key-stock.js';
import { readContact, writeContact } from './subscription.js';
import { Vapid } from './vapid.js';

const octets = (text: string) => Buffer.from(text, 'base64url');
const ORIGIN = 'https://push.example';
const ana = new FakeSubscriber('seed', 'ana');
const receiver = readContact(writeContact(ana.subscription(ORIGIN)))!;

describe('message encryption', () => {
  it('gives the message of RFC 8291, appendix A', () => {
    const keys = deriveKeys({
      publicKey: octets('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'), authSecret: octets('BTBZMqHH6r4Tts7J_aSIgg'),
    }, { salt: octets('DGv6ra1nlYgDCS1FRnbzlw'), privateKey: octets('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw') });
    expect(encrypt(keys, Buffer.from('When I grow up, I want to be a watermelon')).toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
  });

  it('is read by a browser, up to the last octet that fits, and by no other browser', () => {
    for (const length of [0, 1, 700, PAYLOAD_LIMIT]) {
      const body = encrypt(deriveKeys(receiver), Buffer.alloc(length, 'č'));
      expect(ana.receive(body).payload).toEqual(Buffer.alloc(length, 'č'));
      expect(() => new FakeSubscriber('seed', 'iva').receive(body)).toThrow();
    }
    expect(encrypt(deriveKeys(receiver), Buffer.alloc(PAYLOAD_LIMIT)).length).toBe(4_096);
    expect(() => encrypt(deriveKeys(receiver), Buffer.alloc(PAYLOAD_LIMIT + 1))).toThrow(RangeError);
  });

  it('has a salt and a key pair of its own for every message', () => {
    const messages = Array.from({ length: 200 }, () => ana.receive(encrypt(deriveKeys(receiver), Buffer.from('x'))));
    expect(new Set(messages.map((m) => m.salt)).size).toBe(200);
    expect(new Set(messages.map((m) => m.senderKey)).size).toBe(200);
  });

  it('leaves nothing of its secret behind', () => {
    const keys = deriveKeys(receiver);
    encrypt(keys, Buffer.from('x'));
    expect(keys.secret.every((octet) => octet === 0)).toBe(true);
  });

  it('is judged by a browser of ours that also reads what another library writes', async () => {
    const { body } = webpush.generateRequestDetails(ana.subscription(ORIGIN), 'Čačak, Ђорђе', { contentEncoding: 'aes128gcm' });
    expect(ana.receive(body).payload.toString()).toBe('Čačak, Ђорђе');
  });
});

describe('keys derived before the alert', () => {
  const audienceOf = async (count: number) => {
    const audience = new MemoryAudience();
    for (let n = 0; n < count; n += 1) {
      const subscription = new FakeSubscriber('seed', `n${n}`).subscription(ORIGIN);
      await audience.add({ kind: 'web-push', mode: 'drill', language: 'en', districts: null, identity: subscription.endpoint, contact: writeContact(subscription), confirmed: true });
    }
    return audience;
  };
  const ALL = { kind: 'web-push', mode: 'drill' } as const;

  it('are there once for each subscriber, fit them, and are handed out once', async () => {
    const audience = await audienceOf(20);
    const stock = new KeyStock(1_000, audience, ALL);
    await stock.fill();
    expect(stock.size).toBe(20);
    const senders = new Set<string>();
    for (const { id, contact } of await audience.members({ ...ALL, shard: 0, shards: 1 }, undefined, 100)) {
      const keys = stock.take(id)!;
      const name = /n\d+/.exec(contact)![0];
      const { payload, senderKey } = new FakeSubscriber('seed', name).receive(encrypt(keys, Buffer.from(name)));
      expect(payload.toString()).toBe(name);
      senders.add(senderKey);
      expect(stock.take(id)).toBeUndefined();
    }
    expect(senders.size).toBe(20);
    stock.close();
  });

  it('are made anew after use, for other messages, and let go with who left; never more than the limit', async () => {
    const audience = await audienceOf(10);
    const stock = new KeyStock(8, audience, ALL);
    await stock.fill();
    expect(stock.size).toBe(8);
    const [first, second] = await audience.members({ ...ALL, shard: 0, shards: 1 }, undefined, 10);
    const before = stock.take(first!.id)!.header;
    await audience.drop([second!.id], 'gone');
    await stock.fill();
    expect(stock.take(second!.id)).toBeUndefined();
    expect(stock.take(first!.id)!.header.equals(before)).toBe(false);
    stock.close();
    expect(stock.size).toBe(0);
  });
});

describe('who we are to push services', () => {
  const pair = webpush.generateVAPIDKeys();
  const clock = new FixedClock('2026-11-24T18:00:00Z');
  const parts = (header: string) => /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(header)!;

  it('is said by the key pair of another library, as that library says it', () => {
    const vapid = new Vapid(pair.privateKey, 'mailto:a@b.example');
    expect(vapid.publicKey).toBe(pair.publicKey);
    const theirs = parts(webpush.getVapidHeaders(ORIGIN, 'mailto:a@b.example', pair.publicKey, pair.privateKey, 'aes128gcm', Math.floor(clock.now().getTime() / 1000) + 43_200).Authorization);
    const ours = parts(vapid.header(ORIGIN, clock.now()));
    expect([ours[1], ours[4]]).toEqual([theirs[1], theirs[4]]);
    expect(JSON.parse(octets(ours[2]!).toString())).toEqual(JSON.parse(octets(theirs[2]!).toString()));
    expect(octets(ours[3]!).length).toBe(64);
  });

  it('is signed once for each service, early renewed, and again when the clock was set back', () => {
    const vapid = new Vapid(pair.privateKey, 'mailto:a@b.example');
    const at = (iso: string) => vapid.header(ORIGIN, new Date(iso));
    const first = at('2026-11-24T18:00:00Z');
    expect(at('2026-11-24T23:59:00Z')).toBe(first);
    expect(vapid.header('https://other.example', clock.now())).not.toBe(first);
    const second = at('2026-11-25T00:00:01Z');
    expect(second).not.toBe(first);
    expect(at('2026-11-20T00:00:00Z')).not.toBe(second);
  });

  it.each(['', 'short', 'A'.repeat(43), '_'.repeat(43)])('is refused with a key that is none: %j', (key) => {
    expect(() => new Vapid(key, 'mailto:a@b.example')).toThrow(expect.objectContaining({ code: 'CONFIGURATION_INVALID' }));
  });
});
