import Bull from 'bull';
import { connect, type TLSSocket } from 'node:tls';
import { systemClock } from '#kernel/clock.js';
import { randomIds, type AlertId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { AlertActions } from '#alerts/alert-actions.js';
import type { Alert } from '#alerts/alert.js';
import { Composer } from '#alerts/compose.js';
import type { SentNotice } from '#alerts/notice.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { signCap } from '#cap/sign.js';
import { writeCap } from '#cap/write.js';
import { PgAlertStore } from '#storage/alert-store.js';
import { MasterKey } from '#kernel/master-key.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase } from '#storage/database.js';
import { APPROVER, AUTHOR } from '../support/officers.js';
import { PREFIX, QUEUE, type PostJob } from './approve/bull-worker.js';
import { openScene, SENDER, type Arrivals, type Scene } from './approve/scene.js';
import { asOwner, onGround, type BenchDatabase, type Ground } from './ground.js';
import { interleave, short, tell, type Report } from './report.js';

/*
 * From the call of approve() to the first octet at the last of 500 HTTPS partners. Ours as in service: the approval in one
 * process, the dispatcher in another, woken by NOTIFY. The baseline: the same approval, then one Bull job a partner and a
 * worker that makes a connection for each. The floor: the same approval, then one write to each warm connection in the
 * same process, with nothing recorded.
 */
const ROUNDS = 5;
const PARTNERS = 500;
const CONCURRENCY = 50;
const SETTLE_MS = 20_000;

async function measure(ground: Ground): Promise<Report> {
  // Two databases, so that the dispatcher does not hear of the baseline's alerts.
  const [ours, plain] = [await ground.database(), await ground.database()];
  const scene = await openScene(PARTNERS, CONCURRENCY, ground, ours);
  const queue = new Bull<PostJob>(QUEUE, ground.redisUrl!, { prefix: PREFIX, defaultJobOptions: { removeOnComplete: true } });
  const [house, plainHouse] = [await openDesk(ours, scene), await openDesk(plain, scene)];
  const sockets = await Promise.all(scene.ports.map((port) => warmSocket(port, scene.secret('drill-authority-certificate'))));
  const stages: { approved: number; first: number; last: number }[] = [];
  try {
    const table = await interleave(`approve to first octet at the last of ${PARTNERS} HTTPS partners`, 'ms', 'lower', ROUNDS, [
      {
        name: `a Bull job a partner, ${CONCURRENCY} at once, cold TLS`,
        run: async () => {
          const alert = await plainHouse.submitted();
          await scene.equip(signed(scene, alert));
          const jobs = scene.ports.map((port, index) => ({ data: { url: `https://127.0.0.1:${port}/cap`, key: `${alert.id}-${index}` } }));
          const { last } = await timed(scene, async () => {
            await plainHouse.approve(alert);
            await queue.addBulk(jobs);
          });
          return last;
        },
      },
      {
        name: 'outbox, NOTIFY, dispatcher, warm TLS',
        run: async (round) => {
          const alert = await house.submitted();
          const times = await timed(scene, () => house.approve(alert));
          await settled(ours, alert.id);
          if (round > 0) stages.push(times);
          return times.last;
        },
      },
      {
        name: 'floor: approval, then a write a partner',
        run: async () => {
          const alert = await plainHouse.submitted();
          const body = signed(scene, alert);
          const bytes = Buffer.concat([Buffer.from(
            `POST /cap HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/cap+xml\r\nIdempotency-Key: ${alert.id}\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
          const { last } = await timed(scene, async () => {
            await plainHouse.approve(alert);
            for (const socket of sockets) socket.write(bytes);
          });
          return last;
        },
      },
    ]);
    const [, own, floor] = table.rows as [unknown, (typeof table.rows)[0], (typeof table.rows)[0]];
    const middle = (of: (stage: (typeof stages)[0]) => number): string => short([...stages].map(of).sort((a, b) => a - b)[stages.length >> 1]!);
    const overFloor = own.median / floor.median;
    return {
      program: 'approve-to-last-byte', tables: [table],
      notes: [
        `Ours: approve() returned after ${middle((s) => s.approved)} ms, the first partner was reached after ${middle((s) => s.first)} ms, the last after ${middle((s) => s.last)} ms (medians).`,
        `Bull runs on ${ground.redisName ?? 'Redis'}; its worker is given the message ready signed.`,
      ],
      aims: [
        { name: 'approve to last of 500', aim: 'at least 8 times as quick as Bull on cold connections', met: own.ratio.median >= 8, reached: `${short(own.ratio.median)} times (${short(own.ratio.lowest)} to ${short(own.ratio.highest)})` },
        { name: 'approve to last of 500, against the floor', aim: 'at most 4 times', met: overFloor <= 4, reached: `${short(overFloor)} times` },
      ],
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    await Promise.all([queue.close(), house.close(), plainHouse.close()]);
    await scene.close();
  }
}

/** Starts the clock, does `work`, and waits for the last partner. Milliseconds. */
async function timed(scene: Scene, work: () => Promise<unknown>): Promise<{ approved: number; first: number; last: number }> {
  const arrivals: Promise<Arrivals> = scene.arrivals();
  const started = process.hrtime.bigint();
  const [approved, { first, last }] = await Promise.all([work().then(() => process.hrtime.bigint()), arrivals]);
  const ms = (until: bigint): number => Number(until - started) / 1e6;
  return { approved: ms(approved), first: ms(first), last: ms(last) };
}

/** What officers do, as the API does it for them. */
async function openDesk({ appUrl }: BenchDatabase, { secret }: Scene) {
  const source = await openDatabase({ url: appUrl, name: 'bench-desk' });
  const store = new PgAlertStore(source, new CaseKeys(MasterKey.of(Buffer.from(secret('master-key'), 'hex'))), randomIds);
  const actions = new AlertActions({ store, composer: new Composer({ publicUrl: 'https://findme.example' }), channelFaults: () => [], clock: systemClock, ids: randomIds, log: silentLog });
  return {
    submitted: async (): Promise<Alert> => {
      const now = systemClock.now();
      const sample = sampleContent();
      const at = new Date(now.getTime() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
      const birthDate = `${now.getUTCFullYear() - 5}-01-01`;
      const draft = await actions.create('drill', { ...sample, child: { ...sample.child, birthDate }, lastSeen: { ...sample.lastSeen, at } }, AUTHOR);
      return actions.submit({ mode: 'drill', id: draft.id, version: draft.version }, AUTHOR);
    },
    approve: (alert: Alert) => actions.approve({ mode: 'drill', id: alert.id, version: alert.version }, alert.proposal!.contentHash!, APPROVER),
    close: () => source.destroy(),
  };
}

/** The message an alert in review will become, but for its times. */
function signed({ secret }: Scene, { proposal }: Alert): Buffer {
  const notice: SentNotice = { ...proposal!.notice!, sent: '2026-11-24T18:00:00+01:00', expires: '2026-11-25T18:00:00+01:00', contentHash: proposal!.contentHash! };
  return Buffer.from(signCap(writeCap(notice, { sender: SENDER }), { key: secret('drill-cap-signing-key'), certificate: secret('drill-cap-signing-certificate') }));
}

async function warmSocket(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca, servername: '' });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.setNoDelay(true);
  socket.resume();
  return socket;
}

/** Waits until all deliveries of the alert are accepted: one to each partner, no more, no fewer. */
async function settled({ ownerUrl }: BenchDatabase, alert: AlertId): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  await asOwner(ownerUrl, async (client) => {
    for (;;) {
      const { rows: [found] } = await client.query<{ accepted: number; all: number }>(
        `SELECT count(*)::integer AS all, count(*) FILTER (WHERE state = 'accepted' AND attempts = 1)::integer AS accepted FROM deliveries WHERE alert_id = $1`, [alert]);
      if (found?.accepted === PARTNERS && found.all === PARTNERS) return;
      if (performance.now() > deadline) throw new Error(`not every partner accepted at once: ${JSON.stringify(found)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
}

tell(await onGround(true, (ground) => measure(ground)));
