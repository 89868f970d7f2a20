import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { drawCard } from '#alerts/pictures/card.js';
import { signCap } from '#cap/sign.js';
import type { Message } from '#dispatch/channel.js';
import { sha256Hex } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import { nameOf, type AirportDisplaySettings, type PictureKind } from './config.js';
import { encode, layout, pack, picturesOf, type Picture } from './encode.js';

/** A signing key, read once when a connection opens. */
export interface Seal {
  /** Names the pair of key and certificate without telling either. */
  readonly id: string;
  readonly key: KeyObject;
  readonly certificate: string;
}

/** Reads a signing key and certificate (PEM). Refuses with CONFIGURATION_INVALID what is no RSA key or does not belong together. */
export function readSeal(keyPem: string, certificate: string): Seal {
  try {
    const key = createPrivateKey(keyPem);
    if (key.asymmetricKeyType === 'rsa' && new X509Certificate(certificate).checkPrivateKey(key)) return { id: sha256Hex(`${keyPem}\n${certificate}`), key, certificate };
  } catch {
    // What the parser says may quote the key.
  }
  throw fail('CONFIGURATION_INVALID', 'signingKey', 'An RSA key and the certificate of it, as PEM.');
}

/** What is sent of a notice, ready to go. */
export interface Prepared {
  readonly body: Buffer;
  readonly pictures: readonly Picture[];
}

interface Entry<T> {
  readonly alertId: string;
  readonly identifier: string;
  readonly value: Promise<T>;
  readonly end: NodeJS.Timeout;
}

/** Values of the last minute, each made once. */
class Fresh<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(private readonly limit: number, private readonly keepMs: number) {}

  get size(): number {
    return this.entries.size;
  }

  get(name: string, { alertId, identifier }: Message['notice'], make: () => Promise<T>): Promise<T> {
    const held = this.entries.get(name);
    if (held) return held.value;
    for (const oldest of this.entries.keys()) {
      if (this.entries.size < this.limit) break;
      this.drop(oldest);
    }
    const value = make();
    // What failed once is tried again by whoever asks next.
    value.catch(() => this.drop(name));
    this.entries.set(name, { alertId, identifier, value, end: setTimeout(() => this.drop(name), this.keepMs).unref() });
    return value;
  }

  /** Drops what belongs to other messages about the same alert: what is replaced or over is a child's data without a use. */
  forgetOthers({ alertId, identifier }: Message['notice']): void {
    for (const [other, entry] of this.entries) if (entry.alertId === alertId && entry.identifier !== identifier) this.drop(other);
  }

  private drop(name: string): void {
    clearTimeout(this.entries.get(name)?.end);
    this.entries.delete(name);
  }
}

/**
 * Notices as airports take them. A picture is drawn once for all airports that show it, and a message that several get in the
 * same pictures is signed once. Small and short-lived, because it holds a child's data.
 */
export class PreparedNotices {
  private readonly drawn: Fresh<Picture>;
  private readonly bodies: Fresh<Prepared>;

  constructor(private readonly draw: typeof drawCard = drawCard, keepMs = 60_000) {
    this.drawn = new Fresh(16, keepMs);
    this.bodies = new Fresh(8, keepMs);
  }

  /** How many pictures and messages are held. */
  get size(): number {
    return this.drawn.size + this.bodies.size;
  }

  /** Refuses with TEXT_TOO_LONG or TEXT_NOT_ENCODABLE what a picture cannot show whole, or XML not carry. */
  prepare({ notice, photo }: Pick<Message, 'notice' | 'photo'>, settings: AirportDisplaySettings, seal: Seal): Promise<Prepared> {
    this.drawn.forgetOthers(notice);
    this.bodies.forgetOthers(notice);
    const names = picturesOf(notice, settings).map(nameOf).join();
    return this.bodies.get(`${versionOf({ notice, ...(photo && { photo }) })} ${settings.sender} ${seal.id} ${names}`, notice, async () => {
      const pictures = await this.pictures({ notice, ...(photo && { photo }) }, settings);
      return { pictures, body: pack(signCap(encode(notice, settings.sender, pictures, photo), seal), pictures) };
    });
  }

  /** The pictures of a notice; refuses as `prepare`. */
  pictures(message: Pick<Message, 'notice' | 'photo'>, settings: Pick<AirportDisplaySettings, 'pictures'>): Promise<readonly Picture[]> {
    return Promise.all(picturesOf(message.notice, settings).map((kind) => this.drawn.get(`${versionOf(message)} ${nameOf(kind)}`, message.notice, () => this.picture(message, kind))));
  }

  private async picture({ notice, photo }: Pick<Message, 'notice' | 'photo'>, kind: PictureKind): Promise<Picture> {
    const card = layout(notice, kind, photo !== undefined);
    const [fault] = card.faults;
    if (fault) throw fail(fault.code, fault.field, fault.detail);
    const bytes = await this.draw(card, 'image/jpeg', photo?.bytes);
    return { name: nameOf(kind), bytes, sha256: sha256Hex(bytes) };
  }
}

/** Names what is drawn, whatever picture of it. */
function versionOf({ notice, photo }: Pick<Message, 'notice' | 'photo'>): string {
  return `${notice.contentHash} ${notice.sent} ${notice.expires} ${photo?.sha256 ?? '-'}`;
}
