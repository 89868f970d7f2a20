import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { monotonicMs } from '#kernel/clock.js';
import type { House } from '#apps/composition.js';
import { routeName, routesOf } from '#dispatch/channel.js';
import { AlertViews, type Counts } from '#storage/alert-views.js';
import { PgErasureStore } from '#storage/erasure-store.js';
import { HOUSE } from './parts.js';

/** Scrapers that come in a row share one look at the database. */
const FRESH_MS = 2_000;

/** What Prometheus reads. Labels are routes, states and destinations; never an id, a name or an address. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly durations = new Histogram({
    name: 'findme_http_request_duration_seconds', help: 'Duration of requests by route pattern and status.', labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], registers: [this.registry],
  });
  private readonly alerts = this.gauge('findme_alerts', 'Alerts by mode and status.', ['mode', 'status']);
  private readonly deliveries = this.gauge('findme_deliveries', 'Deliveries by destination and state.', ['destination', 'state']);
  private readonly outbox = this.gauge('findme_outbox_waiting', 'Revisions approved or ended and not yet planned.', []);
  private readonly erasures = this.gauge('findme_erasures_open', 'Requests to erase that no partner has confirmed, by destination; overdue ones apart.', ['destination', 'overdue']);
  private readonly breakers = this.gauge('findme_breaker_closed', 'Whether the breaker of a route is closed, as its dispatcher last wrote it down: 1 or 0.', ['destination', 'route', 'channel']);
  private readonly storeUp = this.gauge('findme_store_up', 'Whether the database answered this scrape: 1 or 0.', []);
  private readAt = -Infinity;

  constructor(
    private readonly views: AlertViews,
    private readonly requests: PgErasureStore,
    @Inject(HOUSE) private readonly house: House,
  ) {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Counts a request that was answered, in seconds. */
  observe(request: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void {
    this.durations.observe({ ...request, status: String(request.status) }, seconds);
  }

  /** The whole text in the exposition format 0.0.4. */
  async text(): Promise<string> {
    if (monotonicMs() - this.readAt > FRESH_MS) {
      this.readAt = monotonicMs();
      await Promise.all([this.views.counts(), this.requests.openCounts(this.house.clock.now())])
        .then(([counts, erasures]) => { this.show(counts, erasures); }, () => { this.storeUp.set(0); });
    }
    return this.registry.metrics();
  }

  private show({ alerts, deliveries, outboxWaiting, breakersNotClosed }: Counts, erasures: Awaited<ReturnType<PgErasureStore['openCounts']>>): void {
    this.alerts.reset();
    for (const { count, ...labels } of alerts) this.alerts.set(labels, count);
    this.deliveries.reset();
    for (const { count, ...labels } of deliveries) this.deliveries.set(labels, count);
    this.erasures.reset();
    for (const { destination, open, overdue } of erasures) {
      this.erasures.set({ destination, overdue: 'no' }, open - overdue);
      this.erasures.set({ destination, overdue: 'yes' }, overdue);
    }
    const notClosed = new Set(breakersNotClosed);
    for (const destination of this.house.configuration.destinations) {
      for (const [route, { channel }] of routesOf(destination).entries()) {
        this.breakers.set({ destination: destination.id, route: String(route), channel }, notClosed.has(routeName(destination.id, route)) ? 0 : 1);
      }
    }
    this.outbox.set(outboxWaiting);
    this.storeUp.set(1);
  }

  private gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}
