import { Refusal } from '#kernel/errors.js';

/**
 * Groups what comes in while a write is under way into the next write: one transaction for many items under load, no
 * waiting when there is none. Each item's promise settles with its own write. An item that cannot be written takes no
 * other with it: the batch is halved until it stands alone. A refusal (the store is busy) is nobody's fault and fails all.
 */
export class Batcher<Item> {
  private waiting: Entry<Item>[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly write: (items: readonly Item[]) => Promise<void>, private readonly most = 1_000) {}

  add(item: Item): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ item, done, failed });
      this.writing ??= this.drain();
    });
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private async drain(): Promise<void> {
    // Let everything of this turn of the event loop come in first.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      await this.writeBatch(this.waiting.splice(0, this.most));
    }
    this.writing = undefined;
  }

  private async writeBatch(batch: readonly Entry<Item>[]): Promise<void> {
    try {
      await this.write(batch.map((entry) => entry.item));
      for (const entry of batch) entry.done();
    } catch (error) {
      if (batch.length === 1 || error instanceof Refusal) {
        for (const entry of batch) entry.failed(error);
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      await this.writeBatch(batch.slice(0, middle));
      await this.writeBatch(batch.slice(middle));
    }
  }
}

interface Entry<Item> {
  readonly item: Item;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}
