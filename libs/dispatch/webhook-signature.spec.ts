import { Refusal } from '#kernel/errors.js';
import { signWebhook, verifyWebhook } from './webhook-signature.js';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const now = new Date('2026-11-24T18:00:00Z');
const seconds = now.getTime() / 1000;
const body = '{"key":"k","stage":"confirmed"}';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'none';
};

describe('a webhook signature', () => {
  const headers = { ...signWebhook(secret, 'msg_1', seconds, body) };
  const verify = (change: object = {}, changedHeaders: object = {}) => verifyWebhook({ secrets: [secret], body, now, ...change, headers: { ...headers, ...changedHeaders } });

  it('is the one of the example in the Standard Webhooks specification', () => {
    const example = signWebhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}');
    expect(example['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('verifies, and gives the id by which a replay is recognised', () => {
    expect(verify()).toEqual({ id: 'msg_1', at: now });
    expect(verify({ body: Buffer.from(body) })).toEqual({ id: 'msg_1', at: now });
  });

  it('verifies under either secret while one replaces the other', () => {
    expect(verify({ secrets: [other, secret] }).id).toBe('msg_1');
    const both = `${signWebhook(other, 'msg_1', seconds, body)['webhook-signature']} ${headers['webhook-signature']}`;
    expect(verify({}, { 'webhook-signature': both }).id).toBe('msg_1');
  });

  it.each([
    ['a changed body', { body: body.replace('confirmed', 'failed') }, {}],
    ['a retired secret', { secrets: [other] }, {}],
    ['no secret at all', { secrets: [] }, {}],
    ['a changed id', {}, { 'webhook-id': 'msg_2' }],
    ['a changed time', {}, { 'webhook-timestamp': String(seconds + 1) }],
    ['a missing signature', {}, { 'webhook-signature': undefined }],
    ['a doubled header', {}, { 'webhook-id': ['msg_1', 'msg_1'] }],
    ['another version', {}, { 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v2,') }],
    ['an empty signature', {}, { 'webhook-signature': 'v1,' }],
    ['a signature of the past', { now: new Date(now.getTime() + 301_000) }, {}],
    ['a signature of the future', { now: new Date(now.getTime() - 301_000) }, {}],
  ])('refuses %s', (_name, change, changedHeaders) => {
    expect(codeOf(() => verify(change, changedHeaders))).toBe('RECEIPT_FORGED');
  });

  it('refuses to work with a secret that anyone could guess', () => {
    for (const weak of ['', 'whsec_', 'whsec_AAAA', 'plain words that are no base64']) {
      expect(codeOf(() => signWebhook(weak, 'msg_1', seconds, body))).toBe('CONFIGURATION_INVALID');
      expect(codeOf(() => verify({ secrets: [weak] }))).toBe('CONFIGURATION_INVALID');
    }
  });
});
