import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { join } from 'node:path';
import webpush from 'web-push';
import { createAuthority, issueServerCertificate } from '#cap/certificates.js';
import { webPush, type WebPush } from '#channels/web-push/channel.js';
import { webPushSettings } from '#channels/web-push/config.js';
import { encodePayloads, topicOf } from '#channels/web-push/encode.js';
import { FakeSubscriber } from '#channels/web-push/fake-subscriber.js';
import { writeContact } from '#channels/web-push/subscription.js';
import { projectRoot } from '#config/project-root.js';
import type { Audience } from '#dispatch/audience.js';
import type { Line } from '#dispatch/channel.js';
import { sampleMessage } from '#dispatch/testing/sample-notice.js';
import { systemClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { interleave, short, tell, type Report } from './report.js';
import type { SinkVerdict } from './web-push/sink.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';

/*
 * One alert to every subscriber of a push service, per core: messages divided by the CPU time of the sending process. The
 * sink is another process; it decrypts every body of every contender and counts salts and keys that came twice.
 */
const ROUNDS = 5;
const SUBSCRIBERS = 4_000;
/** Messages under way at once, for all. */
const AT_ONCE = 200;
const SEED = 'benchmark';

const vapid = webpush.generateVAPIDKeys();
const authority = await createAuthority({ name: 'Authority of the benchmark', now: systemClock.now() });
const server = await issueServerCertificate(authority, { hosts: ['127.0.0.1'], now: systemClock.now() });

const sink = fork(join(projectRoot, 'dist/tests/bench/web-push/sink.js'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
const heard = async <T>(message: object): Promise<T> => {
  sink.send(message);
  return (await once(sink, 'message'))[0] as T;
};
const { port } = await heard<{ port: number }>({ key: server.key, certificate: server.certificate, seed: SEED });
const origin = `https://127.0.0.1:${port}`;
const subscriptions = Array.from({ length: SUBSCRIBERS }, (_, n) => new FakeSubscriber(SEED, `s${n}`).subscription(origin));

/** Everybody, in pages; what a database does is the same for all and none of the matter here. */
const audience: Audience = {
  members: async (_selection, after, limit) => members.slice(after === undefined ? 0 : Number(after) + 1, (after === undefined ? 0 : Number(after) + 1) + limit),
  count: async () => members.length, drop: async () => undefined, forget: async () => undefined, add: async () => ({ id: '', token: '' }), find: async () => undefined,
  confirm: async () => false, remove: async () => false, leave: async () => false,
};
const members = subscriptions.map((subscription, n) => ({ id: String(n), place: String(n), language: 'sr-Latn' as const, contact: writeContact(subscription) }));

function connection(prepared: number): WebPush {
  const settings = webPushSettings.parse({
    vapid: { key: 'vapid', subject: 'mailto:bench@findme.example' }, services: [{ hosts: '127.0.0.1', probe: origin }], ca: 'authority', shards: 1, window: AT_ONCE, prepared,
    simulated: { port, serverKey: 'none', serverCertificate: 'none' },
  });
  const secrets: Readonly<Record<string, string>> = { vapid: vapid.privateKey, authority: authority.certificate };
  const line: Line = { clock: systemClock, log: silentLog, outgoing: toLoopback, audience, secret: (name) => secrets[name]!, receive: async () => undefined };
  return webPush.open({ id: 'bench' as DestinationId, name: 'Bench', channel: 'web-push', mode: 'drill', simulated: true, settings }, line) as WebPush;
}

/** Runs a contender and has the sink judge it: a figure for messages that nobody can read is worth nothing. */
async function perCpuSecond(send: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await send();
  const { user, system } = process.cpuUsage(before);
  const verdict = await heard<SinkVerdict>({});
  if (verdict.messages !== SUBSCRIBERS || verdict.subscribers !== SUBSCRIBERS || verdict.unreadable > 0 || verdict.repeated > 0) throw new Error(`not every message is good: ${JSON.stringify(verdict)}`);
  return SUBSCRIBERS / ((user + system) / 1e6);
}

async function viaLibrary(agent: Agent): Promise<void> {
  const message = sampleMessage();
  const payload = encodePayloads(message.notice, message.key).get('sr-Latn')!;
  const options = {
    vapidDetails: { subject: 'mailto:bench@findme.example', publicKey: vapid.publicKey, privateKey: vapid.privateKey }, TTL: 3_600, urgency: 'high' as const, topic: topicOf(message.notice),
    contentEncoding: 'aes128gcm' as const, agent,
  };
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < subscriptions.length) await webpush.sendNotification(subscriptions[next++]!, payload, options);
  }));
}

async function viaChannel(push: WebPush): Promise<void> {
  const outcome = await push.publish(sampleMessage(), AbortSignal.timeout(120_000));
  if (outcome.kind !== 'accepted') throw new Error(`the channel says ${outcome.kind}`);
}

async function measure(): Promise<Report> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca: authority.certificate });
  const [onTheSpot, before] = [connection(0), connection(SUBSCRIBERS)];
  try {
    const table = await interleave(`${short(SUBSCRIBERS)} subscribers, ${AT_ONCE} at once`, 'messages/s of CPU', 'higher', ROUNDS, [
      { name: 'npm web-push in a loop, connections kept', run: () => perCpuSecond(() => viaLibrary(agent)) },
      { name: 'web-push channel, keys derived on the spot', run: () => perCpuSecond(() => viaChannel(onTheSpot)) },
      {
        name: 'web-push channel, keys derived before the alert',
        run: async () => {
          await before.prepare();
          return perCpuSecond(() => viaChannel(before));
        },
      },
    ]);
    const aimOf = (row: number, times: number) => {
      const { median, lowest, highest } = table.rows[row]!.ratio;
      return { name: table.rows[row]!.name, aim: `at least ${times} times`, reached: `${short(median)} times (${short(lowest)} to ${short(highest)})`, met: median >= times };
    };
    return {
      program: 'web-push', tables: [table], aims: [aimOf(1, 6), aimOf(2, 10)],
      notes: [`Every body of every round was decrypted by the sink, ${short(SUBSCRIBERS)} a round; no salt and no key came twice.`],
    };
  } finally {
    agent.destroy();
    await Promise.all([onTheSpot.close(), before.close()]);
    sink.disconnect();
  }
}

tell(await measure());
