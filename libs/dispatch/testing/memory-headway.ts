import type { DeliveryId } from '#kernel/ids.js';
import type { Headway, Mark } from '../headway.js';

/** Headway in memory, for specs. */
export class MemoryHeadway implements Headway {
  readonly marks: (Mark & { readonly id: DeliveryId })[] = [];
  readonly places = new Map<DeliveryId, { readonly after: string; readonly taken: number }>();

  async last(id: DeliveryId): Promise<{ readonly after: string; readonly taken: number } | undefined> {
    return this.places.get(id);
  }

  async mark(id: DeliveryId, mark: Mark): Promise<void> {
    this.marks.push({ id, ...mark });
    if (mark.after !== undefined) this.places.set(id, { after: mark.after, taken: mark.taken });
  }

  async end(id: DeliveryId, mark: Mark): Promise<void> {
    this.marks.push({ id, ...mark });
    this.places.delete(id);
  }
}
