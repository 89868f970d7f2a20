import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { House } from '#apps/composition.js';
import { AlertViews } from '#storage/alert-views.js';
import { HOUSE } from './parts.js';

const DATABASE_MS = 1_000;
const REDIS_MS = 500;

export interface Ready {
  /** `degraded`: an alert goes out all the same, later retries may be slower. */
  readonly status: 'ready' | 'degraded' | 'unready';
  readonly database: 'up' | 'down';
  readonly redis: 'up' | 'down' | 'none';
}

/** Tells whether this process can do its work. */
@Injectable()
export class Readiness implements OnModuleDestroy {
  private readonly redis: Redis | undefined;

  constructor(private readonly views: AlertViews, @Inject(HOUSE) house: House) {
    const { REDIS_URL } = house.environment;
    if (REDIS_URL === undefined) return;
    // Its only use is to be asked: no command may wait in a queue for a server that is away.
    this.redis = new Redis(REDIS_URL, { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: REDIS_MS, retryStrategy: () => 2_000 });
    this.redis.on('error', () => undefined);
    this.redis.connect().catch(() => undefined);
  }

  /** Asks database and Redis, each for so long. */
  async look(): Promise<Ready> {
    const [database, redis] = await Promise.all([answers(this.views.ping(), DATABASE_MS), this.redis && answers(this.redis.ping(), REDIS_MS)]);
    const redisState = redis === undefined ? 'none' : redis ? 'up' : 'down';
    return { status: database ? (redisState === 'up' ? 'ready' : 'degraded') : 'unready', database: database ? 'up' : 'down', redis: redisState };
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }
}

async function answers(asked: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(() => { resolve(false); }, withinMs); });
  try {
    return await Promise.race([asked.then(() => true, () => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
