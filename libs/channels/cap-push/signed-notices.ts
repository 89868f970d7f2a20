import { readSigner, signCap, type Signer } from '#cap/sign.js';
import { sha256Hex } from '#kernel/canonical.js';
import type { SentNotice } from '#alerts/notice.js';
import type { Photo } from '#dispatch/channel.js';
import { encode } from './encode.js';

/** A signing key, read once when a connection opens. */
export interface Seal extends Signer {
  /** Names the pair of key and certificate without telling either. */
  readonly id: string;
}

/** Reads a signing key and certificate (PEM). Refuses with CONFIGURATION_INVALID what is no RSA key or does not belong together. */
export function readSeal(keyPem: string, certificate: string): Seal {
  return { ...readSigner(keyPem, certificate), id: sha256Hex(`${keyPem}\n${certificate}`) };
}

interface Entry {
  readonly alertId: string;
  readonly identifier: string;
  readonly bytes: Buffer;
  readonly end: NodeJS.Timeout;
}

/**
 * The signed messages of the last minute: five hundred partners of one sender get the same octets, so a notice is written
 * and signed once. Small and short-lived, because it holds a child's data: an entry goes after `keepMs`, and at once when
 * a later message about the same alert is signed.
 */
export class SignedNotices {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly limit = 16, private readonly keepMs = 60_000) {}

  /** How many messages are held. */
  get size(): number {
    return this.entries.size;
  }

  /** The signed CAP message of a notice, in UTF-8. */
  bytesOf(notice: SentNotice, sender: string, seal: Seal, photo?: Photo): Buffer {
    const name = `${notice.contentHash} ${notice.sent} ${notice.expires} ${sender} ${photo?.sha256 ?? '-'} ${seal.id}`;
    const held = this.entries.get(name);
    if (held) return held.bytes;
    const bytes = Buffer.from(signCap(encode(notice, sender, photo), seal));
    for (const [other, entry] of this.entries) if (entry.alertId === notice.alertId && entry.identifier !== notice.identifier) this.drop(other);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size < this.limit) break;
      this.drop(oldest);
    }
    this.entries.set(name, { alertId: notice.alertId, identifier: notice.identifier, bytes, end: setTimeout(() => this.drop(name), this.keepMs).unref() });
    return bytes;
  }

  private drop(name: string): void {
    clearTimeout(this.entries.get(name)?.end);
    this.entries.delete(name);
  }
}
