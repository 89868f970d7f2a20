import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { fail } from '#kernel/errors.js';

/** Cost of scrypt (RFC 7914): N = 2^ln, block size r, parallelism p. */
export interface ScryptCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP Password Storage Cheat Sheet: N = 2^17, r = 8, p = 1; 128 MiB and some 400 ms for every hash. */
export const SCRYPT_COST: ScryptCost = { ln: 17, r: 8, p: 1 };

export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 256;

/** What everybody tries first, without the digits and signs around it. */
const COMMON = new Set([
  'password', 'passwordpassword', 'passw', 'qwerty', 'qwertyuiop', 'qwertyqwerty', 'qwertzuiop', 'asdfghjkl', 'qazwsxedc', 'letmein', 'iloveyou', 'welcome',
  'administrator', 'admin', 'adminadmin', 'changeme', 'monkey', 'dragon', 'football', 'princess', 'lozinka', 'lozinkalozinka', 'sifra', 'šifra', 'sifrasifra', 'srbija',
  'beograd', 'policija', 'zvezda', 'partizan', 'pronadjime', 'pronađime', 'findme', 'лозинка', 'шифра', 'србија', 'полиција', 'пронађиме',
]);

/**
 * Returns when a password may be set: 12 to 256 characters, not one of the usual ones, not the user name, not one
 * character or one row of digits over and over. No rules of composition (NIST SP 800-63B, 5.1.1.2). Throws PASSWORD_WEAK.
 */
export function checkPassword(password: string, userName: string): void {
  const letters = [...password.normalize('NFKC').toLowerCase()];
  const text = letters.join('');
  const core = text.replace(/[^\p{L}]+/gu, '');
  const weak =
    letters.length < PASSWORD_MIN || letters.length > PASSWORD_MAX || new Set(letters).size < 5 || COMMON.has(core) ||
    (core === '' && '01234567890123456789'.includes(text.slice(0, 10))) || (userName !== '' && text.includes(userName) && letters.length < userName.length + 8);
  if (weak) throw fail('PASSWORD_WEAK', 'password');
}

/** Whose password is hashed first when several wait: `known` stands for a desk that signed in before. */
export type Lane = 'known' | 'stranger';

/**
 * Hashes and checks passwords, at most `atOnce` at a time (each takes 128 MiB), with a line of at most `waiting` strangers.
 * Known desks go first and are always let in, so that a storm of strangers makes strangers wait and nobody else.
 */
export class Passwords {
  private readonly cost: ScryptCost;
  private readonly line: Line;

  constructor({ cost = SCRYPT_COST, atOnce = 2, waiting = 32 }: { readonly cost?: ScryptCost; readonly atOnce?: number; readonly waiting?: number } = {}) {
    this.cost = cost;
    this.line = new Line(atOnce, waiting);
  }

  /** `$scrypt$ln=17,r=8,p=1$<salt>$<hash>`, the PHC string format with base64 without padding. Throws SIGN_IN_THROTTLED when the line is full. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const hash = await this.line.run('known', () => derive(password, salt, this.cost));
    return encode({ cost: this.cost, salt, hash });
  }

  /**
   * Tells whether a password is the one that was hashed, and whether the hash should be made again at the present cost.
   * Without `stored` (nobody has that user name) the same work is done for nothing, so that time tells nothing.
   * Throws SIGN_IN_THROTTLED when too many wait.
   */
  async verify(password: string, stored: string | undefined, lane: Lane = 'stranger'): Promise<{ readonly ok: boolean; readonly rehash: boolean }> {
    const { cost, salt, hash } = stored === undefined ? { cost: this.cost, salt: Buffer.alloc(16), hash: undefined } : decode(stored);
    // Longer than any password that can be set: the work is done all the same, on a bounded text.
    const derived = await this.line.run(lane, () => derive(password.slice(0, 4 * PASSWORD_MAX), salt, cost));
    const ok = hash !== undefined && hash.length === derived.length && timingSafeEqual(hash, derived);
    return { ok, rehash: ok && (cost.ln !== this.cost.ln || cost.r !== this.cost.r || cost.p !== this.cost.p) };
  }
}

interface Stored {
  readonly cost: ScryptCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const base64 = (octets: Buffer): string => octets.toString('base64').replace(/=+$/, '');

const encode = ({ cost, salt, hash }: Stored): string => `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(hash)}`;

function decode(text: string): Stored {
  const [, ln, r, p, salt, hash] = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43,86})$/.exec(text) ?? [];
  if (salt === undefined || hash === undefined) throw new TypeError('a stored password is not in the scrypt form');
  return { cost: { ln: Number(ln), r: Number(r), p: Number(p) }, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

function derive(password: string, salt: Buffer, { ln, r, p }: ScryptCost): Promise<Buffer> {
  const N = 2 ** ln;
  // Node refuses above 32 MiB unless told otherwise; the work takes 128 N r octets and a little.
  const maxmem = 128 * N * r + 128 * r * (p + 2);
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, { N, r, p, maxmem }, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

/** Lets a few pass at a time, those of the lane `known` first. */
class Line {
  private readonly known: (() => void)[] = [];
  private readonly strangers: (() => void)[] = [];
  private free: number;
  private readonly waiting: number;

  constructor(atOnce: number, waiting: number) {
    this.free = atOnce;
    this.waiting = waiting;
  }

  async run<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else {
      const queue = lane === 'known' ? this.known : this.strangers;
      if (lane === 'stranger' && queue.length >= this.waiting) throw fail('SIGN_IN_THROTTLED');
      await new Promise<void>((go) => queue.push(go));
    }
    try {
      return await work();
    } finally {
      // The place is handed on, not freed, while somebody waits: nobody slips in between.
      const next = this.known.shift() ?? this.strangers.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
