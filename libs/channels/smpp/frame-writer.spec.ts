import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { bodyOf, FrameWriter } from './frame-writer.js';
import { type Frame, FrameReader } from './pdu.js';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** A connection with somebody who reads nothing until told to. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  closing.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

async function readFrames(far: Socket, count: number): Promise<Frame[]> {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  far.on('data', (chunk) => void frames.push(...reader.push(chunk)));
  far.resume();
  while (frames.length < count) await once(far, 'data');
  return frames;
}

describe('the writer of PDUs', () => {
  it('hands over all of one turn at once, in their order', async () => {
    const { near, far } = await pair();
    await once(near, 'ready');
    const writer = new FrameWriter(near);
    for (let n = 1; n <= 100; n += 1) writer.put(4, 0, n, bodyOf(Buffer.from(`body ${n}`)));
    expect(near.bytesWritten).toBe(0);
    const frames = await readFrames(far, 100);
    expect(frames.map(({ sequence, body }) => `${sequence} ${body.toString()}`)).toEqual(Array.from({ length: 100 }, (_, n) => `${n + 1} body ${n + 1}`));
  });

  it('changes nothing of what a slow reader has not read yet', async () => {
    const { near, far } = await pair();
    const writer = new FrameWriter(near);
    const count = 4_000;
    for (let n = 1; n <= count; n += 1) {
      writer.put(4, 0, n, bodyOf(Buffer.alloc(1_000, n & 0xff)));
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(near.writableLength).toBeGreaterThan(0);
    const frames = await readFrames(far, count);
    expect(frames.every(({ sequence, body }, index) => sequence === index + 1 && body.every((octet) => octet === (sequence & 0xff)))).toBe(true);
  });

  it('takes short and long bodies', async () => {
    const { near, far } = await pair();
    const writer = new FrameWriter(near);
    writer.put(4, 0, 1, bodyOf(Buffer.from('before')));
    writer.put(4, 0, 2, { size: 16_000, write: (into, at) => void into.fill(7, at, at + 16_000) });
    expect((await readFrames(far, 2)).map(({ body }) => body.length)).toEqual([6, 16_000]);
  });
});
