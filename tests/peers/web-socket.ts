import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** Nothing that a browser says to its push service is longer. */
const LONGEST = 65_535;

/** The server's side of a WebSocket (RFC 6455), for text messages that come in one frame, as those of browsers' push clients do. */
export class WebSocketCall {
  private rest = Buffer.alloc(0);

  /** Answers an upgrade; `protocol` is the subprotocol that is spoken here. */
  constructor(request: IncomingMessage, private readonly socket: Duplex, protocol: string, private readonly heard: (text: string) => void) {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key'] ?? ''}${MAGIC}`).digest('base64');
    socket.write([
      'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`, `Sec-WebSocket-Protocol: ${protocol}`, '', '',
    ].join('\r\n'));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.read(chunk));
  }

  say(text: string): void {
    this.frame(TEXT, Buffer.from(text));
  }

  end(): void {
    this.socket.destroy();
  }

  private frame(opcode: number, payload: Buffer): void {
    const head = Buffer.alloc(payload.length < 126 ? 2 : 4);
    head[0] = 0x80 | opcode;
    if (payload.length < 126) head[1] = payload.length;
    else {
      head[1] = 126;
      head.writeUInt16BE(payload.length, 2);
    }
    if (!this.socket.destroyed) this.socket.write(Buffer.concat([head, payload]));
  }

  private read(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (let frame = this.take(); frame; frame = this.take()) {
      const { opcode, payload } = frame;
      if (opcode === TEXT) this.heard(payload.toString('utf8'));
      else if (opcode === PING) this.frame(PONG, payload);
      else if (opcode === CLOSE) {
        this.frame(CLOSE, payload.subarray(0, 2));
        this.socket.end();
      }
    }
  }

  /** The next whole frame. What a client sends is masked (section 5.3). */
  private take(): { readonly opcode: number; readonly payload: Buffer } | undefined {
    const { rest } = this;
    if (rest.length < 2) return undefined;
    const short = rest[1]! & 0x7f;
    const at = short < 126 ? 2 : 4;
    if (rest.length < at) return undefined;
    const length = short < 126 ? short : rest.readUInt16BE(2);
    if ((rest[0]! & 0x80) === 0 || (rest[1]! & 0x80) === 0 || short === 127 || length > LONGEST) {
      this.end();
      return undefined;
    }
    const whole = at + 4 + length;
    if (rest.length < whole) return undefined;
    const mask = rest.subarray(at, at + 4);
    const payload = Buffer.from(rest.subarray(at + 4, whole)).map((octet, n) => octet ^ mask[n % 4]!);
    this.rest = rest.subarray(whole);
    return { opcode: rest[0]! & 0x0f, payload: Buffer.from(payload) };
  }
}
