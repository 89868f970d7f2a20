import pg from 'pg';
import type { AlertId, DeliveryId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';

export interface RelayInput {
  readonly databaseUrl: string;
  readonly log: Log;
  /** Something was put into the outbox for this alert. */
  readonly onOutbox: (alertId: AlertId) => void;
  /** An officer wants this delivery tried again. */
  readonly onDelivery: (id: DeliveryId) => void;
}

/** What a lost connection waits before it is made again, in milliseconds. */
const RECONNECT_MS = 500;

/**
 * Listens for what the database says (NOTIFY). It only makes things quick: whatever is missed while the connection is away
 * is found by the sweep.
 */
export class Relay {
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly input: RelayInput) {}

  async start(): Promise<void> {
    const client = new pg.Client({ connectionString: this.input.databaseUrl, application_name: 'findme-relay', keepAlive: true, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    client.on('end', () => this.again());
    client.on('notification', ({ channel, payload }) => {
      if (channel === 'outbox') this.input.onOutbox(payload as AlertId);
      else this.input.onDelivery(payload as DeliveryId);
    });
    try {
      await client.connect();
      await client.query('LISTEN outbox; LISTEN deliveries');
      this.client = client;
    } catch (error) {
      this.input.log.event('store.failed', { operation: 'listen', cause: causeOf(error) }, 'warn');
      await client.end().catch(() => undefined);
      this.again();
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.client?.end();
  }

  private again(): void {
    this.client = undefined;
    if (this.stopped || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.start();
    }, RECONNECT_MS);
  }
}

/** A job that is due again `everyMs` after it ended, never twice at once; its failures are logged and not fatal. */
export class Rhythm {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly name: string, private readonly everyMs: number, private readonly work: () => Promise<void>, private readonly log: Log) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.work()
        .catch((error: unknown) => this.log.event('store.failed', { operation: this.name, cause: causeOf(error) }, 'error'))
        .finally(() => {
          if (!this.stopped) this.start();
        });
    }, this.everyMs);
  }

  /** Starts no more and waits for the run under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }
}

