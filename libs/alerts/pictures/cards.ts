import { fail, type Fault } from '#kernel/errors.js';
import type { Language } from '../content.js';
import type { SentNotice } from '../notice.js';
import { drawCard, layCard, type CardFormat } from './card.js';

/** A photo with its hash. */
interface Photo {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** A card as a JPEG, or why it cannot be made. */
export type Drawn = { readonly bytes: Buffer } | { readonly fault: Fault };

/** The bytes of a card; refuses with the fault for which it cannot be made. */
export function bytesOf(drawn: Drawn): Buffer {
  if ('fault' in drawn) throw fail(drawn.fault.code, drawn.fault.field, drawn.fault.detail);
  return drawn.bytes;
}

/**
 * Cards of the last minute, so that a hundred partners of one notice are one drawing. Small and short-lived, because it
 * holds a child's data.
 */
export class Cards {
  private readonly entries = new Map<string, { readonly made: Promise<Drawn>; readonly end: NodeJS.Timeout }>();

  constructor(private readonly limit = 8, private readonly keepMs = 60_000) {}

  of(notice: SentNotice, format: CardFormat, language: Language, photo: Photo | undefined): Promise<Drawn> {
    const name = `${notice.contentHash} ${format} ${language} ${photo?.sha256 ?? '-'}`;
    const held = this.entries.get(name);
    if (held) return held.made;
    const made = draw(notice, format, language, photo);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size < this.limit) break;
      this.drop(oldest);
    }
    this.entries.set(name, { made, end: setTimeout(() => this.drop(name), this.keepMs).unref() });
    made.catch(() => this.drop(name));
    return made;
  }

  private drop(name: string): void {
    clearTimeout(this.entries.get(name)?.end);
    this.entries.delete(name);
  }
}

async function draw(notice: SentNotice, format: CardFormat, language: Language, photo: Photo | undefined): Promise<Drawn> {
  // Letters are set on this thread: whatever else goes out at this moment goes first.
  await new Promise((resolve) => setImmediate(resolve));
  const layout = layCard(notice, format, language, photo !== undefined);
  const [fault] = layout.faults;
  return fault ? { fault } : { bytes: await drawCard(layout, 'image/jpeg', photo?.bytes) };
}
