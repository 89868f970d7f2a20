import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import library, { type Session } from 'smpp';
import { smpp } from '#channels/smpp/channel.js';
import { settingsSchema } from '#channels/smpp/config.js';
import { projectRoot } from '#config/project-root.js';
import type { Connection, Line, Message } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleMessage } from '#dispatch/testing/sample-notice.js';
import { systemClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { interleave, short, tell, type Contender, type Report } from './report.js';
import type { SinkVerdict } from './smpp/sink.js';

/*
 * One short text to many numbers over one bind with a window of 100: `submit_sm` per core (messages divided by the CPU time of
 * the sending process), and the share of its rate that a message centre gets which takes only so many a second. The centre is
 * another process; every number must have got its message, or the figure is none.
 */
const ROUNDS = 5;
const MESSAGES = 10_000;
/** Several submissions a measurement: CPU time is told in steps of some milliseconds. */
const SUBMISSIONS = 5;
const WINDOW = 100;
/** Messages a second of the throttled centre: 50,000 a minute, as operators sent in the first real activation. */
const CENTRE_RATE = 833;
const CENTRE_MESSAGES = 2_500;
const TEXT = 'DRILL. MISSING: an invented girl (6), Nis, 24 Nov 2026 at 13:45. Height 118 cm, red jacket, blue boots. Call 192. https://pronadjime.example/p/3f2a9c01';
const SENDER = 'VEZBA-192';

const folder = mkdtempSync(join(tmpdir(), 'findme-bench-'));
const numbersOf = (count: number): string[] => Array.from({ length: count }, (_, n) => `999600${String(n).padStart(6, '0')}`);

const sink = fork(join(projectRoot, 'dist/tests/bench/smpp/sink.js'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
const [{ port }] = (await once(sink, 'message')) as [{ port: number }];
const ask = async (message: { rate?: number }): Promise<SinkVerdict> => {
  sink.send(message);
  return ((await once(sink, 'message')) as [SinkVerdict])[0];
};

const line: Line = { clock: systemClock, log: silentLog, secret: () => 'tajna', outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined };

function channelTo(count: number, ratePerSecond: number): Connection {
  const file = join(folder, `numbers-${count}.txt`);
  writeFileSync(file, `${numbersOf(count).join('\n')}\n`);
  const settings = settingsSchema.parse({
    host: '127.0.0.1', port, systemId: 'findme', password: 'operator-password', window: WINDOW, ratePerSecond, source: { address: SENDER }, languages: ['en'],
    audience: { kind: 'numbers', file, partSize: 10_000 },
  });
  return smpp.open({ id: 'bench' as DestinationId, name: 'Bench', channel: 'smpp', mode: 'drill', simulated: true, settings }, line);
}

function message(): Message {
  const made = sampleMessage();
  const { notice } = made;
  return { ...made, notice: { ...notice, texts: { ...notice.texts, en: { ...notice.texts.en, short: TEXT } } } };
}

async function viaChannel(connection: Connection, count: number): Promise<void> {
  const outcome = await connection.publish(message(), AbortSignal.timeout(120_000));
  if (outcome.kind !== 'accepted' || outcome.expectedReceipts !== count) throw new Error(`the channel says ${JSON.stringify(outcome)}`);
}

/** What a user of the library writes: so many unanswered at once, the next with every answer. */
function viaLibrary(session: Session, numbers: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let [next, answered] = [0, 0];
    const send = (): void => {
      const destination = numbers[next++];
      if (destination === undefined) return;
      const pdu = new library.PDU('submit_sm', {
        source_addr_ton: 5, source_addr_npi: 0, source_addr: SENDER, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: destination, priority_flag: 3, registered_delivery: 1,
        validity_period: '261125050000000+', short_message: TEXT,
      });
      session.send(pdu, (answer) => {
        if (answer.command_status !== 0) return reject(new Error(`the centre says ${answer.command_status}`));
        answered += 1;
        if (answered === numbers.length) return resolve();
        send();
      });
    };
    for (let n = 0; n < WINDOW; n += 1) send();
  });
}

function must(verdict: SinkVerdict, messages: number, numbers: number): void {
  if (verdict.messages !== messages || verdict.numbers !== numbers || verdict.octets !== messages * TEXT.length) throw new Error(`not every message came as it should: ${JSON.stringify(verdict)}`);
}

async function perCpuSecond(send: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < SUBMISSIONS; n += 1) await send();
  const { user, system } = process.cpuUsage(before);
  must(await ask({}), SUBMISSIONS * MESSAGES, MESSAGES);
  return (SUBMISSIONS * MESSAGES) / ((user + system) / 1e6);
}

/** Hundredths of the centre's rate. */
async function shareOfRate(send: () => Promise<void>): Promise<number> {
  await ask({ rate: CENTRE_RATE });
  try {
    await send();
    const verdict = await ask({});
    must(verdict, CENTRE_MESSAGES, CENTRE_MESSAGES);
    return ((CENTRE_MESSAGES / (verdict.ms / 1_000)) / CENTRE_RATE) * 100;
  } finally {
    await ask({ rate: 0 });
  }
}

async function measure(): Promise<Report> {
  const session = library.connect({ host: '127.0.0.1', port });
  const bulk = channelTo(MESSAGES, 1_000_000);
  const paced = channelTo(CENTRE_MESSAGES, CENTRE_RATE);
  const tooFast = channelTo(CENTRE_MESSAGES, CENTRE_RATE * 2);
  const connections = [bulk, paced, tooFast];
  try {
    await new Promise<void>((resolve) => session.bind_transceiver({ system_id: 'findme', password: 'tajna' }, () => resolve()));
    const numbers = numbersOf(MESSAGES);
    const cpu = await interleave(`submit_sm, window ${WINDOW}`, 'messages/s of CPU', 'higher', ROUNDS, [
      { name: 'npm smpp, the next with every answer', run: () => perCpuSecond(() => viaLibrary(session, numbers)) },
      { name: 'SMS channel', run: () => perCpuSecond(() => viaChannel(bulk, MESSAGES)) },
    ]);
    const share = (name: string, connection: Connection): Contender => ({ name, run: () => shareOfRate(() => viaChannel(connection, CENTRE_MESSAGES)) });
    const centre = await interleave(`A centre that takes ${CENTRE_RATE} a second`, '% of its rate', 'higher', ROUNDS, [
      share('SMS channel, told the rate', paced), share('SMS channel, told twice the rate', tooFast),
    ]);
    const { median, lowest, highest } = cpu.rows[1]!.ratio;
    const [told] = centre.rows;
    return {
      program: 'smpp', tables: [cpu, centre],
      aims: [
        { name: 'SMS channel against npm smpp', aim: 'at least 8 times', reached: `${short(median)} times (${short(lowest)} to ${short(highest)})`, met: median >= 8 },
        { name: 'SMS channel to a throttled centre', aim: 'at least 95 % of its rate', reached: `${short(told!.median)} % (${short(told!.lowest)} to ${short(told!.highest)})`, met: told!.median >= 95 },
      ],
      notes: [`Every number of every submission got its text; ${short(SUBMISSIONS * MESSAGES)} messages a round.`],
    };
  } finally {
    session.destroy();
    await Promise.all(connections.map((connection) => connection.close()));
    sink.disconnect();
    rmSync(folder, { recursive: true });
  }
}

tell(await measure());
