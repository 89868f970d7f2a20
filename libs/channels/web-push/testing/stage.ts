import { randomBytes } from 'node:crypto';
import webpush from 'web-push';
import { createAuthority, issueServerCertificate } from '#cap/certificates.js';
import { systemClock, type Clock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import type { Destination, Line } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { webPushSettings, type WebPushSettings } from '../config.js';
import { startFakePartner, type FakePushService } from '../fake-partner.js';
import { writeContact } from '../subscription.js';

const NOW = systemClock.now();
const authority = await createAuthority({ name: 'Authority of the specs', now: NOW });
const server = await issueServerCertificate(authority, { hosts: ['127.0.0.1'], now: NOW });

const SECRETS: Readonly<Record<string, string>> = {
  'spec-authority': authority.certificate, 'spec-server-key': server.key, 'spec-server-certificate': server.certificate, 'spec-vapid': webpush.generateVAPIDKeys().privateKey,
};

/** Secrets of the stage by name. */
export const secret = (name: string): string => {
  const value = SECRETS[name];
  if (value === undefined) throw new Error('no such secret');
  return value;
};

/** A running push service with fictional subscribers, all of them in an audience. */
export interface PushStage {
  readonly service: FakePushService;
  readonly destination: Destination<WebPushSettings>;
  readonly audience: MemoryAudience;
  /** What was logged. */
  readonly said: { readonly name: string; readonly [field: string]: unknown }[];
  readonly line: Line;
  restart(): Promise<FakePushService>;
}

/** Starts a push service with so many subscribers; `more` are settings in which the stage differs. */
export async function pushStage(subscribers: number, more: Record<string, unknown> = {}, clock: Clock = systemClock): Promise<PushStage> {
  const settingsFor = (port: number) => webPushSettings.parse({
    vapid: { key: 'spec-vapid', subject: 'mailto:proba@findme.example' }, services: [{ hosts: '127.0.0.1', probe: `https://127.0.0.1:${port}` }], ca: 'spec-authority',
    shards: 1, prepared: 0, ...more, simulated: { port, serverKey: 'spec-server-key', serverCertificate: 'spec-server-certificate', subscribers },
  });
  const asked: Destination<WebPushSettings> = { id: `push-${randomBytes(3).toString('hex')}` as DestinationId, name: 'Pregledači', channel: 'web-push', mode: 'drill', simulated: true, settings: settingsFor(0) };
  const service = await startFakePartner(asked, { secret });
  const destination = { ...asked, settings: settingsFor(service.port) };
  const audience = new MemoryAudience();
  for (const subscriber of service.subscribers.values()) {
    const subscription = subscriber.subscription(service.origin);
    await audience.add({ kind: 'web-push', mode: 'drill', language: 'sr-Latn', districts: null, identity: subscription.endpoint, contact: writeContact(subscription), confirmed: true });
  }
  const said: PushStage['said'] = [];
  const log: Log = { event: (name, fields) => void said.push({ name, ...fields }) };
  return {
    service, destination, audience, said, line: { clock, log, secret, outgoing: toLoopback, audience, receive: async () => undefined },
    restart: () => startFakePartner(destination, { secret }),
  };
}
