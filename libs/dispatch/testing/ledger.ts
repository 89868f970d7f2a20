import type { LedgerEntry } from './fake-partner.js';

/** The ledger of a simulated partner, which others can wait for. */
export class Ledger {
  readonly entries: LedgerEntry[] = [];
  private readonly waiting = new Set<() => void>();

  /** `of` names the partner in messages. */
  constructor(private readonly of: string) {}

  write(entry: LedgerEntry): void {
    this.entries.push(entry);
    for (const look of [...this.waiting]) look();
  }

  /** Resolves with the entries once `predicate` holds; rejects after `timeoutMs`. */
  waitFor(predicate: (entries: readonly LedgerEntry[]) => boolean, timeoutMs = 60_000): Promise<readonly LedgerEntry[]> {
    if (predicate(this.entries)) return Promise.resolve(this.entries);
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!predicate(this.entries)) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(this.entries);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        reject(new Error(`the ledger of ${this.of} did not come to what was awaited; it has ${this.entries.length} entries`));
      }, timeoutMs);
      this.waiting.add(look);
    });
  }
}
