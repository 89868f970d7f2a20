import { InjectQueue, OnQueueError, Process, Processor } from '@nestjs/bull';
import { Inject, Injectable } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { monotonicMs } from '#kernel/clock.js';
import type { DeliveryId } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import type { Dispatcher } from '#dispatch/dispatcher.js';
import { DISPATCHER, LOG } from './tokens.js';

export const WAKE_QUEUE = 'deliveries';
const HEARTBEAT = 'heartbeat';
/** A worker that has not answered its own heartbeat for so long is taken for dead, and the sweep does its work. */
const SILENCE_MS = 30_000;

interface WakeJob { readonly id: DeliveryId }

/**
 * The alarm clock of deliveries: Bull wakes a delivery when its time has come. PostgreSQL knows the time as well, so a
 * lost job, an emptied or an absent Redis delays nothing by more than the sweep.
 */
@Injectable()
export class WakeQueue {
  private heardAt = -Infinity;

  constructor(@InjectQueue(WAKE_QUEUE) private readonly queue: Queue<WakeJob>, @Inject(LOG) private readonly log: Log) {}

  /** Never waits for Redis and never throws: `queue.add` would hang without it. */
  wake(id: DeliveryId, attempt: number, at: Date): void {
    if (!this.connected) return;
    // The attempt is part of the job's id: Bull silently drops an id that it has seen.
    this.queue.add('wake', { id }, { jobId: `${id}-${attempt}-${at.getTime()}`, delay: Math.max(0, at.getTime() - Date.now()) }).catch(() => this.unavailable());
  }

  /** Puts a heartbeat through the queue; hearing it proves that the workers live. */
  beat(): void {
    if (this.connected) this.queue.add(HEARTBEAT, { id: HEARTBEAT as DeliveryId }, { jobId: `${HEARTBEAT}-${Date.now()}` }).catch(() => this.unavailable());
  }

  heard(): void {
    this.heardAt = monotonicMs();
  }

  /** Whether the queue can be trusted to wake what is due. */
  get alive(): boolean {
    return this.connected && monotonicMs() - this.heardAt < SILENCE_MS;
  }

  private get connected(): boolean {
    return this.queue.client.status === 'ready';
  }

  private unavailable(): void {
    this.log.event('queue.unavailable', { queue: WAKE_QUEUE }, 'warn');
  }
}

@Processor(WAKE_QUEUE)
export class WakeProcessor {
  private saidUnavailable = false;

  constructor(@Inject(DISPATCHER) private readonly dispatcher: Dispatcher, private readonly wakes: WakeQueue, @Inject(LOG) private readonly log: Log) {}

  @Process({ name: 'wake', concurrency: 64 })
  async wake(job: Job<WakeJob>): Promise<void> {
    await this.dispatcher.deliver([job.data.id]);
  }

  @Process({ name: HEARTBEAT, concurrency: 1 })
  heartbeat(): void {
    this.saidUnavailable = false;
    this.wakes.heard();
  }

  /** Redis is away: said once, not with every attempt to reach it. */
  @OnQueueError()
  failed(): void {
    if (!this.saidUnavailable) this.log.event('queue.unavailable', { queue: WAKE_QUEUE }, 'warn');
    this.saidUnavailable = true;
  }
}
