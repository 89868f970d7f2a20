import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import type { AlertId, DestinationId } from '#kernel/ids.js';
import { systemClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import type { Connection, Outcome } from '#dispatch/channel.js';
import type { ErasureId, ErasureRequest } from '#dispatch/erasure.js';
import { verifyRequest } from '#dispatch/partner-signature.js';
import { startHttpsPartner, type PartnerAnswer, type PartnerRequest } from '#dispatch/testing/https-partner.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { CANARY_NAMES, sampleEnding, sampleMessage, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { newWebhookSecret, verifyWebhook } from '#dispatch/webhook-signature.js';
import { webhook } from './channel.js';
import type { WebhookSettingsInput } from './config.js';
import { encode } from './encode.js';
import { startFakePartner } from './fake-partner.js';
import { portal } from './testing/stage.js';

const patient = () => new AbortController().signal;
const ends: (() => Promise<void> | void)[] = [];
let secret: (name: string) => string;
beforeAll(async () => {
  secret = await drillSecrets('portal');
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function open(port: number, settings: Partial<WebhookSettingsInput> = {}): Connection {
  const connection = webhook.open(portal(port, settings), { clock: systemClock, log: silentLog, secret, outgoing: toLoopback, audience: new MemoryAudience(), receive: () => Promise.resolve() });
  ends.push(() => connection.close());
  return connection;
}

/** A receiver that answers everything the same way and remembers what came. */
async function receiver(reply: PartnerAnswer): Promise<{ port: number; seen: PartnerRequest[] }> {
  const seen: PartnerRequest[] = [];
  const partner = await startHttpsPartner(portal(0), { secret }, {
    method: 'POST', contentType: 'application/json', rubbish: reply,
    read: (request) => {
      seen.push(request);
      return { action: 'publish', answer: reply, words: ['shown'] };
    },
  });
  ends.push(() => partner.close());
  return { port: partner.port, seen };
}

describe('webhook', () => {
  it('is signed under both secrets while one replaces the other, on a connection that was open before', async () => {
    const [old, next] = [WEBHOOK_SECRET, newWebhookSecret()];
    const { port, seen } = await receiver({ status: 200 });
    let valid: readonly string[] = [old];
    const connection = webhook.open(portal(port), { clock: systemClock, log: silentLog, secret, secrets: () => valid, outgoing: toLoopback, audience: new MemoryAudience(), receive: () => Promise.resolve() });
    ends.push(() => connection.close());
    const verifies = ({ headers, body }: PartnerRequest, by: string) => {
      try {
        return verifyWebhook({ secrets: [by], headers, body, now: new Date() }).id !== '';
      } catch {
        return false;
      }
    };
    for (const now of [[old], [next, old], [next]]) {
      valid = now;
      await connection.publish(sampleMessage(), patient());
    }
    expect(seen.map((request) => [verifies(request, old), verifies(request, next)])).toEqual([[true, false], [true, true], [false, true]]);
  });

  it('says what happened in the words of Standard Webhooks, with the address of the signed CAP file, and nothing personal at the end', () => {
    const notice = sampleNotice({ url: 'https://findme.example/podsajt/vezba/0f6c7c1e11' });
    const first = JSON.parse(encode(notice).toString()) as { type: string; timestamp: string; data: Record<string, unknown> };
    expect(first).toMatchObject({ type: 'alert.published', timestamp: notice.sent, data: { mode: 'drill', identifier: notice.identifier, references: [], cap: `https://findme.example/podsajt/feeds/drill/cap/${notice.identifier}.xml` } });
    expect((first.data['texts'] as Record<string, { text: string }>)['en']!.text).toContain('Kanarinka');
    for (const kind of ['found', 'withdrawn'] as const) {
      const ending = encode(sampleEnding(kind, notice)).toString();
      expect(JSON.parse(ending)).toMatchObject({ type: 'alert.ended', data: { kind, references: [notice.identifier] } });
      for (const name of CANARY_NAMES) expect(ending).not.toContain(name);
    }
  });

  it('is signed over its octets under one id for all repetitions', async () => {
    const { port, seen } = await receiver({ status: 200, body: '{}' });
    const message = sampleMessage();
    const connection = open(port);
    for (let time = 0; time < 2; time += 1) await connection.publish(message, patient());
    const ids = seen.map(({ headers, body }) => verifyWebhook({ secrets: [WEBHOOK_SECRET], headers, body, now: new Date() }).id);
    expect(ids).toEqual([message.key, message.key]);
    expect(() => verifyWebhook({ secrets: [WEBHOOK_SECRET], headers: seen[0]!.headers, body: `${seen[0]!.body.toString()} `, now: new Date() })).toThrow('RECEIPT_FORGED');
  });

  it.each<[string, PartnerAnswer, Partial<WebhookSettingsInput>, Outcome]>([
    ['a success that names another id', { status: 200, body: '{"id":"another"}' }, {}, { kind: 'uncertain', reason: 'answer_invalid' }],
    ['a success with an error in it', { status: 200, body: '{"error":"no"}' }, {}, { kind: 'uncertain', reason: 'answer_invalid' }],
    ['an empty success', { status: 204 }, {}, { kind: 'uncertain', reason: 'answer_invalid' }],
    ['an empty success of one that can say no more', { status: 204 }, { acknowledges: 'status', reports: false }, { kind: 'accepted', references: ['the-key'], expectedReceipts: 0 }],
    ['a redirect', { status: 302, headers: { Location: 'https://127.0.0.1:1/' } }, { acknowledges: 'status' }, { kind: 'refused', reason: 'redirect' }],
    ['gone', { status: 410 }, { acknowledges: 'status' }, { kind: 'refused', reason: 'http_410' }],
    ['a wish to be left alone', { status: 503, headers: { 'Retry-After': '7' } }, { acknowledges: 'status' }, { kind: 'deferred', reason: 'http_503', retryAfterMs: 7_000 }],
  ])('takes %s for what it is', async (_what, reply, settings, outcome) => {
    const { port } = await receiver(reply);
    expect(await open(port, settings).publish(sampleMessage({ key: 'the-key' }), patient())).toEqual(outcome);
  });

  describe('asked to erase', () => {
    /** The house's API as far as a partner uses it: one open request, and what was confirmed. */
    async function api(asked: ErasureRequest) {
      const confirmed: string[] = [];
      let told: () => void = () => undefined;
      const first = new Promise<void>((resolve) => { told = resolve; });
      const server = createServer((request, response) => {
        try {
          verifyRequest({ method: request.method ?? '', target: request.url ?? '' }, { secrets: [WEBHOOK_SECRET], headers: request.headers, now: new Date() });
        } catch {
          return void response.writeHead(401).end();
        }
        if (request.method === 'GET') return void response.end(JSON.stringify({ items: confirmed.length === 0 ? [{ id: asked.id }] : [] }));
        confirmed.push(request.url ?? '');
        response.writeHead(204).end();
        told();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      ends.push(() => new Promise<void>((resolve) => { server.close(() => { resolve(); }); server.closeAllConnections(); }));
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, confirmed, first };
    }

    const request = (chased = 0): ErasureRequest => ({
      id: randomUUID() as string as ErasureId, alertId: randomUUID() as string as AlertId, mode: 'drill', destination: 'portal-proba' as DestinationId,
      askedAt: new Date(), dueAt: new Date(), chased, keys: ['k'],
    });

    it('takes the call, which is no message, erases, and confirms at the API under its own name', async () => {
      const asked = request();
      const { url, first, confirmed } = await api(asked);
      const partner = await startFakePartner(portal(0), { secret, apiUrl: url });
      ends.push(() => partner.close());
      const connection = open(partner.port);
      expect(await connection.askErasure!(asked, patient())).toEqual({ kind: 'accepted', references: [`erasure-${asked.id}-1`], expectedReceipts: 0 });
      await first;
      expect(confirmed).toEqual([`/v1/partners/portal-proba/erasures/${asked.id}/confirm`]);
      expect(partner.ledger).toEqual([]);
    });

    it('does nothing of the kind with that fault', async () => {
      const asked = request(2);
      const { url, confirmed } = await api(asked);
      const partner = await startFakePartner(portal(0), { secret, apiUrl: url });
      ends.push(() => partner.close());
      partner.setFaults({ noErasure: true });
      expect(await open(partner.port).askErasure!(asked, patient())).toMatchObject({ kind: 'accepted', references: [`erasure-${asked.id}-3`] });
      expect(confirmed).toEqual([]);
    });
  });
});
