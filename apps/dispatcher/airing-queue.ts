import { InjectQueue, OnQueueError, Process, Processor } from '@nestjs/bull';
import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bull';
import type { Log } from '#kernel/log.js';
import { AiringClock } from './airing-clock.js';
import { LOG } from './tokens.js';

export const AIRING_QUEUE = 'airings';

/** Wakes the airing clock when slots fall due. PostgreSQL knows the times as well: a lost job delays no slot by more than the sweep. */
@Injectable()
export class AiringQueue {
  constructor(@InjectQueue(AIRING_QUEUE) private readonly queue: Queue<object>, @Inject(LOG) private readonly log: Log) {}

  /** Never waits for Redis and never throws. One job for each moment, however often it is asked for. */
  wake(at: Date): void {
    if (this.queue.client.status !== 'ready') return;
    this.queue.add('due', {}, { jobId: `due-${at.getTime()}`, delay: Math.max(0, at.getTime() - Date.now()) })
      .catch(() => this.log.event('queue.unavailable', { queue: AIRING_QUEUE }, 'warn'));
  }
}

@Processor(AIRING_QUEUE)
export class AiringProcessor {
  constructor(private readonly clock: AiringClock) {}

  @Process({ name: 'due', concurrency: 1 })
  due(): Promise<void> {
    return this.clock.advance();
  }

  /** Said by the queue of deliveries, which shares the server; without a listener an error would end the process. */
  @OnQueueError()
  failed(): void {}
}
