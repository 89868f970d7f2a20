/** Protocol data units of SMPP 3.4: framing, and reading and writing of the few that a sender of notices needs. */

/** Command identifiers (SMPP 3.4, section 5.1.2.1). An answer is the request with the top bit set. */
export const COMMAND = {
  genericNack: 0x80000000,
  querySm: 0x00000003,
  submitSm: 0x00000004,
  deliverSm: 0x00000005,
  unbind: 0x00000006,
  cancelSm: 0x00000008,
  bindTransceiver: 0x00000009,
  outbind: 0x0000000b,
  enquireLink: 0x00000015,
  submitMulti: 0x00000021,
  alertNotification: 0x00000102,
} as const;

/** Optional parameters (SMPP 3.4, section 5.3.2). */
export const TLV = { receiptedMessageId: 0x001e, userMessageReference: 0x0204, messagePayload: 0x0424, messageState: 0x0427 } as const;

/** The longest PDU taken from a partner: answers and receipts have a few hundred octets, a longer one is a lie. */
export const MAX_PDU = 16_384;
/** Octets of a header (section 3.2). */
export const HEADER = 16;

/** One PDU: the header's fields and its body still as bytes. */
export interface Frame {
  readonly command: number;
  readonly status: number;
  readonly sequence: number;
  readonly body: Buffer;
}

/** The partner sent bytes that are no SMPP. After this nothing more on that connection can be believed. */
export class MalformedPdu extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'MalformedPdu';
  }
}

/** The answer's command identifier of a request. */
export function answerOf(command: number): number {
  return (command | 0x80000000) >>> 0;
}

export function isAnswer(command: number): boolean {
  return command >= 0x80000000;
}

/** The bytes of one PDU. */
export function encodeFrame(command: number, status: number, sequence: number, body: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + body.length);
  writeHeader(bytes, 0, bytes.length, command, status, sequence);
  bytes.set(body, HEADER);
  return bytes;
}

/** Writes the header of a PDU of so many octets. */
export function writeHeader(into: Buffer, at: number, length: number, command: number, status: number, sequence: number): void {
  into.writeUInt32BE(length, at);
  into.writeUInt32BE(command, at + 4);
  into.writeUInt32BE(status, at + 8);
  into.writeUInt32BE(sequence, at + 12);
}

/** Cuts a stream into PDUs. Holds at most one incomplete PDU, so never more than `MAX_PDU` octets and the last chunk. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** Takes the next bytes of the stream and returns the PDUs that are now complete. Throws `MalformedPdu`. */
  push(chunk: Buffer): Frame[] {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32BE(at);
      // Checked before the rest has arrived: a length that lies must not make us wait for it or hold memory for it.
      if (length < HEADER || length > MAX_PDU) throw new MalformedPdu('command_length');
      if (bytes.length - at < length) break;
      frames.push({
        command: bytes.readUInt32BE(at + 4),
        status: bytes.readUInt32BE(at + 8),
        sequence: bytes.readUInt32BE(at + 12),
        body: bytes.subarray(at + HEADER, at + length),
      });
      at += length;
    }
    // Copied, so that a few octets do not keep a whole chunk alive.
    this.rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return frames;
  }
}

/** Reads the fields of a body in order; every read beyond its end is a `MalformedPdu`. */
export class BodyReader {
  private at = 0;

  constructor(private readonly body: Buffer) {}

  get left(): number {
    return this.body.length - this.at;
  }

  octet(): number {
    return this.octets(1)[0] ?? 0;
  }

  int32(): number {
    return this.octets(4).readUInt32BE(0);
  }

  octets(count: number): Buffer {
    if (this.left < count) throw new MalformedPdu('body too short');
    this.at += count;
    return this.body.subarray(this.at - count, this.at);
  }

  /** A C-Octet String of at most `max` octets, its closing NULL among them. */
  cString(max: number): string {
    const end = this.body.indexOf(0, this.at);
    if (end < 0 || end - this.at >= max) throw new MalformedPdu('C-Octet String not closed');
    const text = this.body.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }

  /** All optional parameters up to the end; the first of each tag counts. */
  tlvs(): Map<number, Buffer> {
    const found = new Map<number, Buffer>();
    while (this.left > 0) {
      const head = this.octets(4);
      const value = this.octets(head.readUInt16BE(2));
      const tag = head.readUInt16BE(0);
      if (!found.has(tag)) found.set(tag, value);
    }
    return found;
  }
}

/** A C-Octet String with its closing NULL. Text beyond ASCII or with a NULL inside is a bug of the caller. */
export function cString(text: string): Buffer {
  if (!/^[\x01-\x7f]*$/.test(text)) throw new TypeError('a C-Octet String is ASCII without NULL');
  return Buffer.from(`${text}\0`, 'latin1');
}

/** One optional parameter (SMPP 3.4, section 5.3.1). */
export function tlv(tag: number, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(4 + value.length);
  bytes.writeUInt16BE(tag, 0);
  bytes.writeUInt16BE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

/** The body of `bind_transceiver` (SMPP 3.4, section 4.1.5) for interface version 3.4 and every address. */
export function encodeBind(systemId: string, password: string, systemType: string): Buffer {
  return Buffer.concat([cString(systemId), cString(password), cString(systemType), Buffer.from([0x34, 0, 0]), cString('')]);
}

/**
 * The body of `cancel_sm` for one message (SMPP 3.4, section 4.9.1). With a message_id the destination may stay NULL,
 * so nobody has to remember numbers in order to cancel.
 */
export function encodeCancel(messageId: string, source: { address: string; ton: number; npi: number }): Buffer {
  return Buffer.concat([cString(''), cString(messageId), Buffer.from([source.ton, source.npi]), cString(source.address), Buffer.from([0, 0]), cString('')]);
}

/** The body of `query_sm` for one message (SMPP 3.4, section 4.8.1); the source is the one that it was submitted with. */
export function encodeQuery(messageId: string, source: { address: string; ton: number; npi: number }): Buffer {
  return Buffer.concat([cString(messageId), Buffer.from([source.ton, source.npi]), cString(source.address)]);
}

/** Reads the message_state of `query_sm_resp` (section 4.8.2) that speaks of this message. Throws `MalformedPdu`. */
export function decodeQueried(body: Buffer, messageId: string): number {
  const reader = new BodyReader(body);
  if (reader.cString(65) !== messageId) throw new MalformedPdu('message_id of another message');
  // final_date: its time zone is the operator's own affair.
  reader.cString(17);
  return reader.octet();
}

/** What came back for a submission that the operator took. */
export interface Taken {
  readonly messageId: string;
  /** `submit_multi` only: destinations that it did not take after all, each with a command status. */
  readonly unsuccessful: readonly { readonly address: string; readonly status: number }[];
}

/** Reads `submit_sm_resp` (section 4.4.2) or `submit_multi_resp` (4.5.2) with status ESME_ROK. Throws `MalformedPdu`. */
export function decodeTaken(command: number, body: Buffer): Taken {
  const reader = new BodyReader(body);
  const messageId = reader.cString(65);
  if (messageId === '') throw new MalformedPdu('message_id is empty');
  if (command !== answerOf(COMMAND.submitMulti)) return { messageId, unsuccessful: [] };
  const unsuccessful = [];
  for (let count = reader.octet(); count > 0; count -= 1) {
    reader.octets(2);
    unsuccessful.push({ address: reader.cString(65), status: reader.int32() });
  }
  return { messageId, unsuccessful };
}

/** The parts of a `deliver_sm` that matter here (SMPP 3.4, section 4.6.1). */
export interface Deliver {
  readonly esmClass: number;
  /** The text, from `short_message` or `message_payload`. */
  readonly message: Buffer;
  readonly tlvs: ReadonlyMap<number, Buffer>;
}

/** Reads a `deliver_sm`. Throws `MalformedPdu`. */
export function decodeDeliver(body: Buffer): Deliver {
  const reader = new BodyReader(body);
  reader.cString(6);
  reader.octets(2);
  reader.cString(65);
  reader.octets(2);
  reader.cString(65);
  const esmClass = reader.octet();
  reader.octets(2);
  reader.cString(17);
  reader.cString(17);
  reader.octets(4);
  const short = reader.octets(reader.octet());
  const tlvs = reader.tlvs();
  return { esmClass, message: short.length > 0 ? short : (tlvs.get(TLV.messagePayload) ?? short), tlvs };
}
