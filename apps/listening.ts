import pg from 'pg';
import { causeOf, type Log } from '#kernel/log.js';

export interface ListeningInput {
  readonly databaseUrl: string;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  readonly log: Log;
  /** What to do for each channel of NOTIFY, with what was said. */
  readonly on: Readonly<Record<string, (payload: string) => void>>;
  /** Whenever it begins to listen, anew too: what was said meanwhile was missed. */
  readonly onConnected?: () => void;
}

/** What a lost connection waits before it is made again, in milliseconds. */
const RECONNECT_MS = 500;

/**
 * Listens for what the database says (NOTIFY). It only makes things quick: whatever is missed while the connection is away
 * is found by a sweep.
 */
export class Listening {
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly input: ListeningInput) {}

  async start(): Promise<void> {
    const { databaseUrl, name, on, log, onConnected } = this.input;
    const client = new pg.Client({ connectionString: databaseUrl, application_name: name, keepAlive: true, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    client.on('end', () => this.again());
    client.on('notification', ({ channel, payload = '' }) => on[channel]?.(payload));
    try {
      await client.connect();
      await client.query(Object.keys(on).map((channel) => `LISTEN ${client.escapeIdentifier(channel)}`).join('; '));
      this.client = client;
      onConnected?.();
    } catch (error) {
      log.event('store.failed', { operation: 'listen', cause: causeOf(error) }, 'warn');
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
