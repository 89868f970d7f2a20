import { z } from 'zod';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { startHttpsPartner, type FakePartnerOptions, type PartnerAnswer, type PartnerMessage, type PartnerRequest } from '#dispatch/testing/https-partner.js';
import { verifyWebhook } from '#dispatch/webhook-signature.js';
import type { WebhookSettings } from './config.js';

const message = z.object({
  type: z.enum(['alert.published', 'alert.updated', 'alert.ended']), timestamp: z.string(),
  data: z.object({ identifier: z.string().min(1), mode: z.enum(['drill', 'live']), cap: z.url(), texts: z.record(z.string(), z.object({ headline: z.string().min(1) })) }),
});
const test = z.object({ type: z.literal('connection.tested'), data: z.object({ identifier: z.string().min(1), mode: z.enum(['drill', 'live']) }) });
const erasure = z.object({ type: z.literal('erasure.requested'), data: z.object({ request: z.string(), mode: z.enum(['drill', 'live']) }) });

/**
 * Plays a partner that takes Standard Webhooks: checks signature and time, takes notices of its own world only, names the id of
 * what it took, and posts a signed receipt, `shown` or `removed`. Asked to erase it does so and confirms.
 */
export function startFakePartner(destination: Destination<WebhookSettings>, options: FakePartnerOptions): Promise<FakePartner> {
  const { settings, mode } = destination;
  const secret = options.secret(settings.secret);
  const taken = (id: string): PartnerAnswer => ({ status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id }) });
  const authentic = ({ headers, body }: PartnerRequest): string | undefined => {
    try {
      return verifyWebhook({ secrets: [secret], headers, body, now: new Date(Date.now()) }).id;
    } catch {
      return undefined;
    }
  };
  return startHttpsPartner(destination, options, {
    method: 'POST',
    contentType: 'application/json',
    asksErasure: (request) => {
      const asked = erasure.safeParse(parseJson(request.body)).data;
      const id = asked?.data.mode === mode ? authentic(request) : undefined;
      return id === undefined ? undefined : taken(id);
    },
    read: (request): PartnerMessage | undefined => {
      const tested = test.safeParse(parseJson(request.body)).data;
      const by = tested?.data.mode === mode ? authentic(request) : undefined;
      if (tested && by !== undefined) return { identifier: tested.data.identifier, action: 'test', answer: taken(by), words: ['tested'] };
      const read = message.safeParse(parseJson(request.body)).data;
      const id = authentic(request);
      if (!read || id === undefined || read.data.mode !== mode) return undefined;
      const ends = read.type === 'alert.ended';
      return { identifier: read.data.identifier, action: ends ? 'withdraw' : 'publish', answer: taken(id), words: [ends ? 'removed' : 'shown'] };
    },
    rubbish: { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"id":' },
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
