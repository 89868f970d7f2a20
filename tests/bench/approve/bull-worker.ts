import Bull from 'bull';
import { Agent, request } from 'node:https';

/* The baseline's other half: a plain Bull worker that posts to one partner a job, over a connection made for it. */
export interface WorkerOrder {
  readonly redisUrl: string;
  readonly ca: string;
  readonly concurrency: number;
}

export interface PostJob {
  readonly url: string;
  readonly key: string;
}

export const QUEUE = 'bench-alerts';
export const PREFIX = '{bench}';

/** The message, signed beforehand: the baseline does not even have to make it. */
let body = Buffer.alloc(0);

function post({ url, key }: PostJob, ca: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const headers = { 'Content-Type': 'application/cap+xml', Accept: 'application/cap+xml', 'Idempotency-Key': key, 'Content-Length': String(body.length) };
    const outgoing = request(url, { method: 'POST', agent, ca, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        agent.destroy();
        resolve();
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function work({ redisUrl, ca, concurrency }: WorkerOrder): void {
  const queue = new Bull<PostJob>(QUEUE, redisUrl, { prefix: PREFIX });
  void queue.process(concurrency, (job) => post(job.data, ca));
  queue.on('failed', (_, error) => { process.stderr.write(`bull worker: ${error.message}\n`); });
  void queue.isReady().then(() => process.send!('ready'));
}

// Only as a process of its own: the queue's name and types are read by the one who adds the jobs.
if (process.argv[1]?.endsWith('bull-worker.js')) {
  process.on('message', (message: WorkerOrder | { readonly body: string }) => {
    if ('body' in message) {
      body = Buffer.from(message.body);
      process.send!('ready');
    } else work(message);
  });
  process.once('disconnect', () => process.exit(0));
}
