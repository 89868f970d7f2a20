/*
 * Header compression for HTTP/2 (RFC 7541), as much of it as sending many requests that are nearly alike takes.
 */

/** What an answer's header block says. Nothing else is read of it. */
export interface AnswerHead {
  readonly status: number;
  readonly retryAfter?: string;
}

/** Names and values of headers, in lower case, in the order in which they go out. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** Octets of a table that a peer keeps until it says otherwise, and of one entry beyond its text (RFC 7541 sections 4.1, 4.2). */
const TABLE = 4_096;
const ENTRY = 32;
/** Entries of the static table: those that are used of it, and how many there are (RFC 7541 appendix A). */
const STATIC = 61;
const METHOD_POST = 3;
const PATH = 4;
const SCHEME_HTTPS = 7;
const STATUS = 8;
const RETRY_AFTER = 53;
const STATIC_STATUS = [200, 204, 206, 304, 400, 404, 500];

/** Writes requests' header blocks for one connection: what the peer remembers of earlier ones goes out as a number of one octet. */
export class HeaderWriter {
  /** The peer's table, newest first. */
  private entries: { readonly name: string; readonly value: string; readonly size: number }[] = [];
  private size = 0;
  private limit = TABLE;
  /** The smallest limit since the last block: the peer has to be told (RFC 7541 section 4.2). */
  private told: number | undefined;
  /** Blocks of which the peer remembers everything, until the table changes. */
  private kept = new WeakMap<Headers, Buffer>();

  /** `authority`: host and port of all requests. */
  constructor(private readonly authority: string) {}

  /** The peer keeps so many octets. We never use more than it keeps by itself. */
  resize(limit: number): void {
    const next = Math.min(limit, TABLE);
    if (next === this.limit) return;
    this.told = Math.min(next, this.told ?? next);
    this.limit = next;
    this.evict();
  }

  /** The block of a POST request. */
  write(path: string, headers: Headers): Buffer {
    const head: number[] = [];
    if (this.told !== undefined) {
      writeNumber(head, 0x20, 5, this.told);
      if (this.told !== this.limit) writeNumber(head, 0x20, 5, this.limit);
      this.told = undefined;
    }
    head.push(0x80 | METHOD_POST, 0x80 | SCHEME_HTTPS, PATH);
    writeNumber(head, 0, 7, Buffer.byteLength(path));
    return Buffer.concat([Buffer.from(head), Buffer.from(path), this.kept.get(headers) ?? this.fields(headers)]);
  }

  private fields(headers: Headers): Buffer {
    const octets: number[] = [];
    let known = true;
    for (const [name, value] of [[':authority', this.authority] as const, ...headers]) {
      const at = this.entries.findIndex((entry) => entry.name === name && entry.value === value);
      if (at >= 0) {
        writeNumber(octets, 0x80, 7, STATIC + 1 + at);
        continue;
      }
      const size = Buffer.byteLength(name) + Buffer.byteLength(value) + ENTRY;
      const remembered = size <= this.limit;
      octets.push(remembered ? 0x40 : 0);
      writeText(octets, name);
      writeText(octets, value);
      if (!remembered) continue;
      known = false;
      this.entries.unshift({ name, value, size });
      this.size += size;
      this.evict();
    }
    const block = Buffer.from(octets);
    if (known) this.kept.set(headers, block);
    else this.kept = new WeakMap();
    return block;
  }

  private evict(): void {
    while (this.size > this.limit) {
      this.size -= this.entries.pop()!.size;
      this.kept = new WeakMap();
    }
  }
}

function writeNumber(to: number[], pattern: number, bits: number, value: number): void {
  const most = (1 << bits) - 1;
  if (value < most) return void to.push(pattern | value);
  to.push(pattern | most);
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) to.push(128 | (rest % 128));
  to.push(rest);
}

function writeText(to: number[], text: string): void {
  const octets = Buffer.from(text);
  writeNumber(to, 0, 7, octets.length);
  to.push(...octets);
}

/**
 * Reads the header block of an answer whose sender was told to remember nothing (SETTINGS_HEADER_TABLE_SIZE 0), so that each
 * block stands for itself. Throws when it is none.
 */
export function readHead(block: Buffer): AnswerHead {
  const reader = new Reader(block);
  let status = 0;
  let retryAfter: string | undefined;
  while (reader.more) {
    const first = reader.peek();
    // A field that we are to remember, after all (01) or one that we are not (0000, 0001); a new size of the table (001).
    if ((first & 0xe0) === 0x20) {
      reader.number(5);
      continue;
    }
    const indexed = (first & 0x80) !== 0;
    const index = reader.number(indexed ? 7 : (first & 0x40) !== 0 ? 6 : 4);
    if (index > STATIC || (indexed && index === 0)) throw new Error('an entry that nobody was told to remember');
    if (indexed) {
      if (index >= STATUS && index < STATUS + STATIC_STATUS.length) status = STATIC_STATUS[index - STATUS]!;
      continue;
    }
    const name = index === 0 ? reader.text()() : undefined;
    const value = reader.text();
    if (name === ':status' || (index >= STATUS && index < STATUS + STATIC_STATUS.length)) status = /^\d{3}$/.test(value()) ? Number(value()) : 0;
    else if (name === 'retry-after' || index === RETRY_AFTER) retryAfter = value();
  }
  if (status === 0) throw new Error('an answer without a status');
  return { status, ...(retryAfter !== undefined && { retryAfter }) };
}

class Reader {
  private at = 0;

  constructor(private readonly block: Buffer) {}

  get more(): boolean {
    return this.at < this.block.length;
  }

  peek(): number {
    if (!this.more) throw new Error('a header block that ends early');
    return this.block[this.at]!;
  }

  /** RFC 7541 section 5.1. */
  number(bits: number): number {
    const most = (1 << bits) - 1;
    const value = this.octet() & most;
    if (value < most) return value;
    let sum = most;
    for (let shift = 0; shift <= 21; shift += 7) {
      const octet = this.octet();
      sum += (octet & 0x7f) << shift;
      if (octet < 128) return sum;
    }
    throw new Error('a number too large for a header block');
  }

  /** RFC 7541 section 5.2. Decoded only if somebody wants it. */
  text(): () => string {
    const huffman = (this.peek() & 0x80) !== 0;
    const length = this.number(7);
    const octets = this.block.subarray(this.at, (this.at += length));
    if (octets.length < length) throw new Error('a header block that ends early');
    return () => (huffman ? unfold(octets) : octets.toString('latin1'));
  }

  private octet(): number {
    const octet = this.peek();
    this.at += 1;
    return octet;
  }
}

/** How many bits each octet has in the code of RFC 7541 appendix B, in base 36; the last is the code's end. */
const LENGTHS = Array.from(
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu', (digit) => parseInt(digit, 36));

/**
 * The code is canonical: shorter words come first, and those of one length in the order of their octets. For each length its
 * first word, and the octets of its words.
 */
const WORDS = ((): { readonly first: number; readonly octets: readonly number[] }[] => {
  let first = 0;
  return Array.from({ length: 31 }, (_, bits) => {
    const octets = LENGTHS.flatMap((length, octet) => (length === bits ? [octet] : []));
    const words = { first, octets };
    first = (first + octets.length) << 1;
    return words;
  });
})();

/** Huffman code undone (RFC 7541 section 5.2). Throws when it is none. */
export function unfold(octets: Buffer): string {
  const out: number[] = [];
  let word = 0;
  let bits = 0;
  for (const octet of octets) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      word = (word << 1) | ((octet >> bit) & 1);
      bits += 1;
      const at = word - WORDS[bits]!.first;
      const found = at >= 0 ? WORDS[bits]!.octets[at] : undefined;
      if (found === 256 || (found === undefined && bits === 30)) throw new Error('no word of the code');
      if (found === undefined) continue;
      out.push(found);
      word = bits = 0;
    }
  }
  // Filled up with ones, less than an octet of them.
  if (bits > 7 || word !== (1 << bits) - 1) throw new Error('a code that ends early');
  return Buffer.from(out).toString('latin1');
}
