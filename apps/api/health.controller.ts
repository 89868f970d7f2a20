import { Controller, Get, Header, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Door } from './door.js';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** For whoever watches the process. */
@Controller()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  @Door({ action: 'anyone', summary: 'The process is up.', response: z.object({ status: z.literal('live') }) })
  live() {
    return { status: 'live' as const };
  }

  @Get('health/ready')
  @Door({
    action: 'anyone', summary: 'The database answers within a second; without Redis it is degraded and still ready. 503 if not ready.',
    response: z.object({ status: z.enum(['ready', 'degraded', 'unready']), database: z.enum(['up', 'down']), redis: z.enum(['up', 'down', 'none']) }),
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const ready = await this.readiness.look();
    if (ready.status === 'unready') reply.status(503);
    return ready;
  }

  @Get('metrics')
  @Header('content-type', TEXT)
  @Door({ action: 'anyone', summary: 'Metrics for Prometheus.', response: 'text/plain' })
  read(): Promise<string> {
    return this.metrics.text();
  }
}
