/** A value of SNMP that a sign has, or the word that it has none (RFC 3416 section 3). */
export type Value = number | Buffer | null | 'noSuchInstance';

/** A message of SNMPv1 or v2c with a community. */
export interface SnmpMessage {
  /** 0 is v1, 1 is v2c. */
  readonly version: number;
  readonly community: string;
  readonly pdu: 'get' | 'set' | 'response';
  readonly requestId: number;
  readonly errorStatus: number;
  readonly errorIndex: number;
  readonly varbinds: readonly (readonly [oid: string, value: Value])[];
}

const TAGS = { integer: 0x02, octets: 0x04, null: 0x05, oid: 0x06, sequence: 0x30, noSuchInstance: 0x81 } as const;
const PDUS = { get: 0xa0, set: 0xa3, response: 0xa2 } as const;

/** Reads a message in BER as RFC 3417 section 8 narrows it. Nothing when it is none, or none of these. */
export function readMessage(bytes: Buffer): SnmpMessage | undefined {
  try {
    const [version, community, pdu] = children(expect(read(bytes, 0), TAGS.sequence));
    const kind = (Object.keys(PDUS) as (keyof typeof PDUS)[]).find((name) => PDUS[name] === pdu?.tag);
    if (!version || !community || !pdu || !kind) return undefined;
    const [id, status, index, list] = children(pdu.content);
    const varbinds = children(expect(list, TAGS.sequence)).map((pair) => {
      const [oid, value] = children(expect(pair, TAGS.sequence));
      return [readOid(expect(oid, TAGS.oid)), readValue(value)] as const;
    });
    return {
      version: readInteger(expect(version, TAGS.integer)), community: expect(community, TAGS.octets).toString('latin1'), pdu: kind,
      requestId: readInteger(expect(id, TAGS.integer)), errorStatus: readInteger(expect(status, TAGS.integer)), errorIndex: readInteger(expect(index, TAGS.integer)), varbinds,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function writeMessage({ version, community, pdu, requestId, errorStatus, errorIndex, varbinds }: SnmpMessage): Buffer {
  const list = varbinds.map(([oid, value]) => tlv(TAGS.sequence, tlv(TAGS.oid, writeOid(oid)), writeValue(value)));
  const body = tlv(PDUS[pdu], integer(requestId), integer(errorStatus), integer(errorIndex), tlv(TAGS.sequence, ...list));
  return tlv(TAGS.sequence, integer(version), tlv(TAGS.octets, Buffer.from(community, 'latin1')), body);
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

function read(bytes: Buffer, at: number): Element {
  // Checked here: what a Buffer throws of itself is told apart from a bug by nothing.
  if (at + 2 > bytes.length) throw new RangeError('shorter than a header');
  const tag = bytes.readUInt8(at);
  const first = bytes.readUInt8(at + 1);
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (octets > 4) throw new RangeError('a length of more than four octets');
  const start = at + 2 + octets;
  if (start > bytes.length) throw new RangeError('shorter than its length');
  const end = start + (octets === 0 ? first : bytes.readUIntBE(at + 2, octets));
  if (end > bytes.length) throw new RangeError('longer than the datagram');
  return { tag, content: bytes.subarray(start, end), end };
}

function children(content: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < content.length;) {
    const element = read(content, at);
    found.push(element);
    at = element.end;
  }
  return found;
}

function expect(element: Element | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw new RangeError('another type than expected');
  return element.content;
}

function readInteger(content: Buffer): number {
  if (content.length < 1 || content.length > 5) throw new RangeError('an integer that no sign has');
  return content.readIntBE(0, content.length);
}

function readValue(element: Element | undefined): Value {
  if (element?.tag === TAGS.integer) return readInteger(element.content);
  if (element?.tag === TAGS.octets) return element.content;
  if (element?.tag === TAGS.null) return null;
  if (element?.tag === TAGS.noSuchInstance) return 'noSuchInstance';
  throw new RangeError('a type that no sign has');
}

function readOid(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  return [Math.min(Math.floor(first / 40), 2), first - 40 * Math.min(Math.floor(first / 40), 2), ...rest].join('.');
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]), content]);
}

function integer(value: number): Buffer {
  const octets = Buffer.alloc(5);
  octets.writeIntBE(value, 0, 5);
  // The fewest octets that keep the sign.
  const lead = value < 0 ? 0xff : 0;
  let from = 0;
  while (from < 4 && octets[from] === lead && (octets[from + 1]! & 0x80) === (lead & 0x80)) from += 1;
  return tlv(TAGS.integer, octets.subarray(from));
}

function writeValue(value: Value): Buffer {
  if (typeof value === 'number') return integer(value);
  if (value === 'noSuchInstance') return tlv(TAGS.noSuchInstance);
  return value === null ? tlv(TAGS.null) : tlv(TAGS.octets, value);
}

function writeOid(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  return Buffer.from([first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128)) groups.unshift((more & 0x7f) | 0x80);
    return groups;
  }));
}
