import { createHmac } from 'node:crypto';
import { digestKeyOf, digestUnder, keyIdOf, open, seal, SealBroken } from './sealing.js';

/** The master keys that are held now, the one to seal under first; asked again each time, for they are replaced while programs run. */
export type KeyReader = () => readonly Uint8Array[];

/**
 * What digests of the house are keyed with. They do not follow the master key: a digest cannot be made anew without its text, and
 * what is found by it must be found after a replacement too.
 */
export interface DigestKeys {
  readonly house: Uint8Array;
  /** Of the contacts of those who asked to be told. */
  readonly subscribers: Uint8Array;
}

/** What subscribers' contacts were sealed under before texts said their key. */
export const SUBSCRIBERS_BEFORE = 'findme subscribers v1';

/** A key's public name: the first 8 octets of an HMAC under it, in hexadecimal. The key is random, so nothing is learned from it. */
export const idOfKey = (key: Uint8Array): string => createHmac('sha256', key).update('findme key id v1').digest('hex').slice(0, 16);

/** The digest keys of a house whose digests were made under the master key itself. */
export const digestKeysOf = (key: Uint8Array): DigestKeys => ({ house: digestKeyOf(key), subscribers: digestKeyOf(derived(key, SUBSCRIBERS_BEFORE)) });

const derived = (key: Uint8Array, name: string): Buffer => createHmac('sha256', key).update(name).digest();

/**
 * The master key: wraps the keys of cases and seals what belongs to no case. Every text says which key opens it, so that an old
 * and a new one serve together while one takes the other's place. A key is never shown: not in an error, nor by its JSON.
 */
export class MasterKey {
  readonly #read: KeyReader;
  readonly #digestKeys: DigestKeys;
  #held: readonly Uint8Array[] = [];
  #byId = new Map<string, Uint8Array>();

  /** Throws what the reader throws. */
  constructor(read: KeyReader, digestKeys?: DigestKeys) {
    this.#read = read;
    this.#digestKeys = digestKeys ?? digestKeysOf(this.newest());
  }

  /** One key of 32 octets that is never replaced. */
  static of(key: Uint8Array): MasterKey {
    return new MasterKey(() => [key]);
  }

  /** The id of the key to seal under now. */
  get id(): string {
    return idOfKey(this.newest());
  }

  /** Whether a key of that id is held. */
  holds(id: string): boolean {
    return this.#byId.has(id) || (this.newest(), this.#byId.has(id));
  }

  /** Seals octets; `aad` as for `seal` of sealing.ts. */
  seal(plaintext: Uint8Array, aad: string): Buffer {
    const key = this.newest();
    return seal(key, plaintext, aad, idOfKey(key));
  }

  /** Opens what `seal` made, under whichever key that is held. Throws SealBroken. */
  open(sealed: Uint8Array, aad: string): Buffer {
    const id = keyIdOf(sealed);
    const key = id !== undefined && this.holds(id) ? this.#byId.get(id) : undefined;
    if (!key) throw new SealBroken();
    return open(key, sealed, aad);
  }

  /** Opens what was sealed before texts said their key, under a key that `derivation` names where it was a derived one. Throws SealBroken. */
  openUnnamed(sealed: Uint8Array, aad: string, derivation?: string): Buffer {
    const key = this.newest();
    return open(derivation === undefined ? key : derived(key, derivation), sealed, aad);
  }

  /** Wraps the key of a case; `aad` names the case. */
  wrap(key: Uint8Array, aad: string): Buffer {
    return this.seal(key, wrapping(aad));
  }

  /** Unwraps the key of a case. Throws SealBroken. */
  unwrap(wrapped: Uint8Array, aad: string): Buffer {
    return this.open(wrapped, wrapping(aad));
  }

  /** Keyed digest of a text, in hexadecimal: the same whichever master key is in force. */
  digest(text: string): string {
    return digestUnder(this.#digestKeys.house, text);
  }

  /** As `digest`, for contacts of subscribers. */
  digestOfContact(text: string): string {
    return digestUnder(this.#digestKeys.subscribers, text);
  }

  private newest(): Uint8Array {
    const held = this.#read();
    if (held !== this.#held) {
      this.#held = held;
      this.#byId = new Map(held.map((key) => [idOfKey(key), key]));
    }
    return held[0]!;
  }
}

/** What a wrapped key is sealed for: no other sealed text passes for one. */
export const wrapping = (aad: string): string => `key:${aad}`;
