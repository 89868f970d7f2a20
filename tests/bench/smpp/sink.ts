import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { monotonicMs } from '#kernel/clock.js';

/*
 * A message centre that reads just enough of SMPP 3.4 to answer and to count, and knows nothing of either contender's code.
 * It takes so many messages a second, or as many as come.
 */

/** What came since the last question. */
export interface SinkVerdict {
  readonly messages: number;
  /** Numbers that got one. */
  readonly numbers: number;
  /** Octets of user data. */
  readonly octets: number;
  /** Told "too fast" (ESME_RTHROTTLED). */
  readonly throttled: number;
  /** Milliseconds from the first message taken to the last. */
  readonly ms: number;
}

const BIND_TRANSCEIVER = 0x09;
const SUBMIT_SM = 0x04;
const THROTTLED = 0x58;
const HEADER = 16;
/** So many messages may come at once above the rate before the centre says "too fast". */
const BURST = 100;

let rate = Infinity;
let credit = BURST;
let creditAt = 0;
let numbers = new Set<string>();
let [messages, octets, throttled, firstAt, lastAt, lastId] = [0, 0, 0, 0, 0, 0];

function mayTake(now: number): boolean {
  if (rate === Infinity) return true;
  credit = Math.min(BURST, credit + ((now - creditAt) * rate) / 1_000);
  creditAt = now;
  if (credit < 1) return false;
  credit -= 1;
  return true;
}

/** Reads one submit_sm (section 4.4.1) as far as the user data, and counts it. */
function count(bytes: Buffer, at: number): void {
  let from = bytes.indexOf(0, at + HEADER) + 1;
  from = bytes.indexOf(0, from + 2) + 1;
  const end = bytes.indexOf(0, from + 2);
  numbers.add(bytes.toString('latin1', from + 2, end));
  // esm_class, protocol_id, priority_flag; two times; registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id.
  const validity = bytes.indexOf(0, end + 4) + 1;
  octets += bytes[bytes.indexOf(0, validity) + 5] ?? 0;
  messages += 1;
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const answers: Buffer[] = [];
    const now = monotonicMs();
    let at = 0;
    while (bytes.length - at >= HEADER && bytes.length - at >= bytes.readUInt32BE(at)) {
      const length = bytes.readUInt32BE(at);
      const command = bytes.readUInt32BE(at + 4);
      const sequence = bytes.readUInt32BE(at + 12);
      if (command < 0x80000000) {
        const taken = command !== SUBMIT_SM || mayTake(now);
        if (command === SUBMIT_SM && taken) {
          count(bytes, at);
          if (firstAt === 0) firstAt = now;
          lastAt = now;
        }
        if (!taken) throttled += 1;
        answers.push(answerTo(command, sequence, taken ? 0 : THROTTLED));
      }
      at += length;
    }
    rest = bytes.subarray(at);
    if (answers.length > 0) socket.write(Buffer.concat(answers));
  });
}

function answerTo(command: number, sequence: number, status: number): Buffer {
  const text = status !== 0 ? '' : command === SUBMIT_SM ? `m${(lastId += 1)}` : command === BIND_TRANSCEIVER ? 'centre' : undefined;
  const body = text === undefined || status !== 0 ? Buffer.alloc(0) : Buffer.from(`${text}\0`, 'latin1');
  const answer = Buffer.alloc(HEADER + body.length);
  answer.writeUInt32BE(answer.length, 0);
  answer.writeUInt32BE((command | 0x80000000) >>> 0, 4);
  answer.writeUInt32BE(status, 8);
  answer.writeUInt32BE(sequence, 12);
  answer.set(body, HEADER);
  return answer;
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

/** `{ rate }` sets how many a second are taken, 0 for all; anything else asks what came. */
process.on('message', (message: { rate?: number }) => {
  if (message.rate !== undefined) rate = message.rate === 0 ? Infinity : message.rate;
  const verdict: SinkVerdict = { messages, numbers: numbers.size, octets, throttled, ms: lastAt - firstAt };
  numbers = new Set();
  [messages, octets, throttled, firstAt, lastAt] = [0, 0, 0, 0, 0];
  [credit, creditAt] = [BURST, monotonicMs()];
  process.send?.(verdict);
});
process.on('disconnect', () => process.exit());
