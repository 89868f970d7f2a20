import { Controller, Get, Header, HttpCode, Inject, ServiceUnavailableException } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { House } from '#apps/composition.js';
import type { Dispatcher } from '#dispatch/dispatcher.js';
import { DISPATCHER, HOUSE } from './tokens.js';

/** Health and metrics of the dispatcher, for whoever watches it. */
@Controller()
export class HealthController {
  private readonly registry = new Registry();

  constructor(@Inject(HOUSE) private readonly house: House, @Inject(DISPATCHER) dispatcher: Dispatcher) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'findme_deliveries_in_flight', help: 'Attempts under way in this dispatcher.', registers: [this.registry],
      collect() {
        this.set(dispatcher.inFlight);
      },
    });
  }

  /** The process lives. */
  @Get('health/live')
  @HttpCode(200)
  live(): { status: string } {
    return { status: 'live' };
  }

  /** The process can do its work: the database answers. */
  @Get('health/ready')
  async ready(): Promise<{ status: string }> {
    try {
      await this.house.source.query('SELECT 1');
    } catch {
      throw new ServiceUnavailableException();
    }
    return { status: 'ready' };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4')
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
