import pg from 'pg';
import { randomIds, type AlertId, type FactId } from '#kernel/ids.js';
import { makeFact, SYSTEM } from '#audit/fact.js';
import { asOwner, onGround, type BenchDatabase } from './ground.js';
import { interleave, short, tell, type Report, type Table } from './report.js';

/*
 * What the hash chain costs: the same records through `append_facts` and as plain rows into the same table without a chain,
 * with the same derived columns and indexes. One writer; every batch is a commit that waits for the disk, for both.
 */
const ROUNDS = 5;
/** Facts a round, by the size of their batches. */
const FACTS = new Map([[1, 200], [10, 2_000], [100, 5_000], [1_000, 10_000]]);
/** Writers at once, each its own connection and its own commits. */
const WRITERS = 4;

async function measure({ ownerUrl, appUrl }: BenchDatabase): Promise<Report> {
  await asOwner(ownerUrl, async (client) => {
    await client.query(`CREATE TABLE plain_facts (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, record text NOT NULL,
      type     text COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'type') STORED,
      actor    text COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'actor') STORED,
      alert_id text COLLATE "C" GENERATED ALWAYS AS (record::jsonb ->> 'alert') STORED,
      at       text COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'at') STORED,
      destination text COLLATE "C" GENERATED ALWAYS AS (record::jsonb #>> '{body,destination}') STORED,
      channel     text COLLATE "C" GENERATED ALWAYS AS (record::jsonb #>> '{body,channel}') STORED,
      outcome     text COLLATE "C" GENERATED ALWAYS AS (coalesce(record::jsonb #>> '{body,outcome}',
        CASE WHEN record::jsonb ->> 'type' = 'airing.settled' THEN record::jsonb #>> '{body,state}' END)) STORED)`);
    for (const column of ['alert_id', 'destination', 'channel', 'outcome']) await client.query(`CREATE INDEX ON plain_facts (${column}, seq) WHERE ${column} IS NOT NULL`);
    for (const column of ['type', 'actor', 'at']) await client.query(`CREATE INDEX ON plain_facts (${column}, seq)`);
    await client.query('GRANT INSERT ON plain_facts TO findme_app');
  });
  const writers = Array.from({ length: WRITERS }, () => new pg.Client({ connectionString: appUrl }));
  await Promise.all(writers.map((writer) => writer.connect()));
  const [writer] = writers as [pg.Client];
  const insert = async (client: pg.Client, batch: readonly string[]) => client.query('INSERT INTO plain_facts (record) SELECT * FROM unnest($1::text[])', [batch]);
  const append = async (client: pg.Client, batch: readonly string[]) => client.query('SELECT append_facts($1)', [batch]);
  const facts = records(1_000);
  try {
    const tables: Table[] = [];
    for (const [size, count] of FACTS) {
      const contender = (name: string, write: typeof insert) => ({
        name,
        run: async () => {
          const batch = facts.slice(0, size);
          return microseconds(count, async () => {
            for (let written = 0; written < count; written += size) await write(writer, batch);
          });
        },
      });
      tables.push(await interleave(`batches of ${size.toLocaleString('en')}`, 'us/row', 'lower', ROUNDS, [contender('plain rows', insert), contender('chained facts', append)]));
    }
    const together = (name: string, write: typeof insert) => ({
      name,
      run: async () => {
        const batch = facts.slice(0, 10);
        return microseconds(WRITERS * 500, () => Promise.all(writers.map(async (client) => {
          for (let written = 0; written < 500; written += 10) await write(client, batch);
        })));
      },
    });
    tables.push(await interleave(`${WRITERS} writers at once, batches of 10`, 'us/row', 'lower', ROUNDS, [together('plain rows', insert), together('chained facts', append)]));
    await check(ownerUrl);
    return { program: 'audit', tables, aims: tables.map(aimOf), notes: [] };
  } finally {
    await Promise.all(writers.map((client) => client.end()));
  }
}

function aimOf({ title, rows }: Table) {
  const { median, lowest, highest } = rows[1]!.ratio;
  const cost = [1 / median, 1 / highest, 1 / lowest].map(short);
  return { name: `audit, ${title}`, aim: 'at most 2 times the cost of plain rows', reached: `${cost[0]} times (${cost[1]} to ${cost[2]})`, met: 1 / median <= 2 };
}

/** Facts of the kind that comes most often. */
function records(count: number): string[] {
  return Array.from({ length: count }, () => makeFact({
    id: randomIds.next<FactId>(), at: new Date(), type: 'delivery.attempted', actor: SYSTEM, alertId: randomIds.next<AlertId>(),
    body: {
      deliveryId: randomIds.next<FactId>(), key: '0123456789abcdef0123456789abcdef', channel: 'cap-push', destination: 'tv-1', part: 0, route: 0, call: 'publish', attempt: 1,
      outcome: 'accepted', contentHash: 'a'.repeat(64), ms: 12,
    },
  }).record);
}

/** A chain that were broken or a table that missed rows would be quick for nothing. */
async function check(ownerUrl: string): Promise<void> {
  await asOwner(ownerUrl, async (client) => {
    const { rows: [found] } = await client.query<{ chained: string; plain: string; head: string; broken: string }>(
      `SELECT (SELECT count(*) FROM facts) AS chained, (SELECT count(*) FROM plain_facts) AS plain, (SELECT seq FROM chain_head) AS head,
              (SELECT count(*) FROM (SELECT hash, record, lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY seq) AS before FROM facts) f
                WHERE hash <> sha256(before || convert_to(record, 'UTF8'))) AS broken`);
    if (!found || found.chained !== found.plain || found.head !== found.chained || found.broken !== '0') throw new Error(`the chain is not whole: ${JSON.stringify(found)}`);
  });
}

async function microseconds(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return ((performance.now() - started) * 1_000) / count;
}

tell(await onGround(false, async (ground) => measure(await ground.database())));
