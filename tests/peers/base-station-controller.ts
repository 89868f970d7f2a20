import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a base station controller was told to broadcast, as it came (3GPP TS 48.049). */
export interface Told {
  readonly messageId: number;
  readonly serial: number;
  readonly dcs: number;
  readonly repetitionPeriod: number;
  readonly broadcasts: number;
  /** Octets of each page without the count in front. */
  readonly pages: readonly Buffer[];
}

const TYPE = { writeReplace: 0x01, writeReplaceComplete: 0x02, kill: 0x04, killComplete: 0x05, reset: 0x10, resetComplete: 0x11, keepAlive: 0x16, keepAliveComplete: 0x17 } as const;
/** Information elements of TS 48.049 section 8.2.1 that have a fixed length; the others carry it in two octets. */
const FIXED: Readonly<Record<number, number>> = { 0x01: 83, 0x02: 2, 0x03: 2, 0x05: 1, 0x06: 2, 0x07: 2, 0x0b: 1, 0x0c: 1, 0x0d: 1, 0x0e: 2, 0x0f: 1, 0x10: 2, 0x11: 50, 0x12: 1, 0x13: 1, 0x14: 1, 0x15: 1, 0x16: 1, 0x17: 1, 0x18: 1 };
const ELEMENT = { content: 0x01, oldSerial: 0x02, newSerial: 0x03, repetitionPeriod: 0x06, broadcasts: 0x07, dcs: 0x0c, messageId: 0x0e } as const;
/** Cell list: all cells of this controller. */
const ALL_CELLS = Buffer.from([0x04, 0x00, 0x01, 0x07]);

/** A base station controller that a broadcast centre thinks real: takes what it is told and says that it is done. */
export class BaseStationController {
  /** What it broadcasts now, by message identifier. */
  readonly onAir = new Map<number, Told>();
  private rest = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    socket.on('data', (data: Buffer) => {
      this.rest = Buffer.concat([this.rest, data]);
      while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readUIntBE(1, 3)) {
        const end = 4 + this.rest.readUIntBE(1, 3);
        this.take(this.rest[0]!, elementsOf(this.rest.subarray(4, end)));
        this.rest = this.rest.subarray(end);
      }
    });
  }

  static async connectTo(port: number): Promise<BaseStationController> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new BaseStationController(socket);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(type: number, elements: readonly (readonly [number, Buffer])[]): void {
    const one = (id: number): Buffer => elements.find(([element]) => element === id)?.[1] ?? Buffer.alloc(2);
    const messageId = one(ELEMENT.messageId);
    if (type === TYPE.keepAlive) this.send(TYPE.keepAliveComplete);
    else if (type === TYPE.reset) this.send(TYPE.resetComplete, ALL_CELLS);
    else if (type === TYPE.writeReplace) {
      const serial = one(ELEMENT.newSerial);
      this.onAir.set(messageId.readUInt16BE(), {
        messageId: messageId.readUInt16BE(), serial: serial.readUInt16BE(), dcs: one(ELEMENT.dcs)[0]!,
        repetitionPeriod: one(ELEMENT.repetitionPeriod).readUInt16BE(), broadcasts: one(ELEMENT.broadcasts).readUInt16BE(),
        pages: elements.filter(([id]) => id === ELEMENT.content).map(([, content]) => content.subarray(1, 1 + content[0]!)),
      });
      this.send(TYPE.writeReplaceComplete, element(ELEMENT.messageId, messageId), element(ELEMENT.newSerial, serial), ALL_CELLS);
    } else if (type === TYPE.kill) {
      this.onAir.delete(messageId.readUInt16BE());
      this.send(TYPE.killComplete, element(ELEMENT.messageId, messageId), element(ELEMENT.oldSerial, one(ELEMENT.oldSerial)), ALL_CELLS);
    }
  }

  private send(type: number, ...elements: readonly Buffer[]): void {
    const body = Buffer.concat(elements);
    const header = Buffer.alloc(4);
    header.writeUInt8(type);
    header.writeUIntBE(body.length, 1, 3);
    this.socket.write(Buffer.concat([header, body]));
  }
}

const element = (id: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([id]), value]);

function elementsOf(body: Buffer): [number, Buffer][] {
  const found: [number, Buffer][] = [];
  for (let at = 0; at < body.length;) {
    const id = body[at]!;
    const fixed = FIXED[id];
    const start = at + (fixed === undefined ? 3 : 1);
    const end = start + (fixed ?? body.readUInt16BE(at + 1));
    found.push([id, body.subarray(start, end)]);
    at = end;
  }
  return found;
}
