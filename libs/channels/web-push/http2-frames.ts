/*
 * Frames of HTTP/2 (RFC 9113 sections 4 and 6).
 */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const FRAME_HEAD = 9;
/** What every receiver takes, and all that we take: octets of a frame, octets of a window (RFC 9113 section 6.5.2). */
export const FRAME_LIMIT = 16_384;
export const WINDOW = 65_535;
/** The last stream that a connection can have, and the largest window. */
export const MOST = 0x7fff_ffff;

export const Type = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PUSH_PROMISE: 5, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9 } as const;
export const Flag = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;
export const Setting = { HEADER_TABLE_SIZE: 1, ENABLE_PUSH: 2, MAX_CONCURRENT_STREAMS: 3, INITIAL_WINDOW_SIZE: 4, MAX_FRAME_SIZE: 5 } as const;
export const Code = { NO_ERROR: 0, REFUSED_STREAM: 7, CANCEL: 8 } as const;

/** What comes before a frame's payload. */
export function frameHead(length: number, type: number, flags: number, stream: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return head;
}

export const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => Buffer.concat([frameHead(payload.length, type, flags, stream), payload]);

/** The payload of RST_STREAM and WINDOW_UPDATE. */
export function number(value: number): Buffer {
  const octets = Buffer.allocUnsafe(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** The payload of SETTINGS. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const octets = Buffer.alloc(6 * pairs.length);
  pairs.forEach(([id, value], n) => octets.writeUInt32BE(value, octets.writeUInt16BE(id, 6 * n)));
  return octets;
}

/** What a payload of SETTINGS says. Throws when it is cut off. */
export function readSettings(payload: Buffer): (readonly [id: number, value: number])[] {
  if (payload.length % 6 !== 0) throw new Error('settings cut off');
  return Array.from({ length: payload.length / 6 }, (_, n) => [payload.readUInt16BE(6 * n), payload.readUInt32BE(6 * n + 2)] as const);
}

/** The header block within a payload of HEADERS. Throws when there is more padding than payload. */
export function blockOf(payload: Buffer, flags: number): Buffer {
  const padding = (flags & Flag.PADDED) !== 0 ? payload.readUInt8(0) + 1 : 0;
  const before = (padding > 0 ? 1 : 0) + ((flags & Flag.PRIORITY) !== 0 ? 5 : 0);
  const end = payload.length - Math.max(0, padding - 1);
  if (before > end) throw new Error('more padding than payload');
  return payload.subarray(before, end);
}

/** Finds the frames in what arrives, wherever it was cut. */
export class FrameReader {
  private unread: Buffer = Buffer.alloc(0);

  constructor(private readonly take: (type: number, flags: number, stream: number, payload: Buffer) => void) {}

  /** Throws for a frame over the limit, and what `take` throws. */
  read(octets: Buffer): void {
    const all = this.unread.length > 0 ? Buffer.concat([this.unread, octets]) : octets;
    let at = 0;
    while (all.length - at >= FRAME_HEAD) {
      const length = all.readUIntBE(at, 3);
      if (length > FRAME_LIMIT) throw new Error('a frame over the limit');
      const end = at + FRAME_HEAD + length;
      if (end > all.length) break;
      this.take(all[at + 3]!, all[at + 4]!, all.readUInt32BE(at + 5) & MOST, all.subarray(at + FRAME_HEAD, end));
      at = end;
    }
    // A copy: the rest alone would keep all of what arrived.
    this.unread = Buffer.from(all.subarray(at));
  }
}
