import { type AddressInfo, createServer, type Socket } from 'node:net';
import { systemClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { sampleEnding, sampleMessage } from '#dispatch/testing/sample-notice.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { smpp } from './channel.js';
import { answerOf, COMMAND, encodeFrame, type Frame, FrameReader } from './pdu.js';
import { destinationAt, SECRET, settingsWith, until } from './testing/operator-stage.js';

const patient = () => new AbortController().signal;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('an operator that talks nonsense', () => {
  /** A server that takes the bind and then does what it likes with each PDU. */
  async function raw(onPdu: (frame: Frame, socket: Socket) => void): Promise<ReturnType<typeof smpp.open>> {
    const server = createServer((socket) => {
      const reader = new FrameReader();
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const frame of reader.push(chunk)) {
          if (frame.command === COMMAND.bindTransceiver) socket.write(encodeFrame(answerOf(frame.command), 0, frame.sequence, Buffer.from('x\0')));
          else onPdu(frame, socket);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const destination = destinationAt((server.address() as AddressInfo).port, settingsWith({ timeoutMs: 300 }));
    const connection = smpp.open(destination, { clock: systemClock, log: silentLog, secret: () => SECRET, outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined });
    closing.push(async () => {
      await connection.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    return connection;
  }
  const short = () => sampleMessage({ notice: sampleEnding('found') });
  const say = (frame: Frame, body: string, status = 0, sequence = frame.sequence): Buffer => encodeFrame(answerOf(frame.command), status, sequence, Buffer.from(body, 'latin1'));

  it.each<[string, (frame: Frame) => Buffer]>([
    ['a length beyond all bounds', () => Buffer.from('ffffffff80000021', 'hex')],
    ['a length shorter than a header', () => Buffer.from('0000000880000021', 'hex')],
    ['a body that ends too soon', (f) => say(f, 'id-without-end')],
    ['more destinations than it names', (f) => say(f, 'id\0\xff')],
    ['no identifier', (f) => say(f, '\0\0')],
    ['the answer to another command', (f) => encodeFrame(answerOf(COMMAND.enquireLink), 0, f.sequence)],
    ['a generic_nack to nothing', () => encodeFrame(COMMAND.genericNack, 2, 0)],
    ['a receipt that is cut off', (f) => encodeFrame(COMMAND.deliverSm, 0, f.sequence, Buffer.from('x'))],
  ])('with %s makes a message uncertain and loses its bind', async (_, answer) => {
    let closes = 0;
    const connection = await raw((frame, socket) => {
      if (frame.command !== COMMAND.submitMulti) return void socket.end();
      socket.once('close', () => (closes += 1));
      socket.write(answer(frame));
    });
    expect(await connection.publish(short(), patient())).toEqual({ kind: 'uncertain', reason: 'rubbish' });
    await until(() => closes === 1);
  });

  it('with answers to questions nobody asked is not believed, and the true answer still counts', async () => {
    const connection = await raw((frame, socket) => {
      if (frame.command === COMMAND.submitMulti) socket.write(Buffer.concat([say(frame, 'lie\0\0', 0, frame.sequence + 1000), say(frame, 'truth\0\0')]));
      else socket.write(say(frame, ''));
    });
    expect(await connection.publish(short(), patient())).toEqual({ kind: 'accepted', references: ['truth'], expectedReceipts: 1 });
  });

  it('with a generic_nack to our message refuses it', async () => {
    const connection = await raw((frame, socket) => void socket.write(encodeFrame(COMMAND.genericNack, 3, frame.sequence)));
    expect(await connection.publish(short(), patient())).toEqual({ kind: 'refused', reason: 'ESME_RINVCMDID' });
  });

  it('gets its own questions answered: enquire_link, an unknown command, unbind', async () => {
    const heard: Frame[] = [];
    const connection = await raw((frame, socket) => {
      heard.push(frame);
      if (frame.command !== COMMAND.enquireLink) return;
      socket.write(Buffer.concat([say(frame, ''), encodeFrame(COMMAND.enquireLink, 0, 901), encodeFrame(0x00000777, 0, 902), encodeFrame(COMMAND.unbind, 0, 903)]));
    });
    expect(await connection.probe(patient())).toEqual({ well: true });
    await until(() => heard.length >= 4);
    expect(heard.slice(1, 4).map((f) => [f.command, f.status, f.sequence])).toEqual([
      [answerOf(COMMAND.enquireLink), 0, 901],
      [COMMAND.genericNack, 3, 902],
      [answerOf(COMMAND.unbind), 0, 903],
    ]);
  });
});
