import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { rows } from '#storage/database.js';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { isUnderWay, subscribersCommand } from './subscribers-command.js';

let database: TestDatabase;
let state: string;
let file: string;

beforeAll(async () => {
  database = await freshDatabase();
  state = await mkdtemp(join(tmpdir(), 'findme-subscribers-'));
  file = join(state, 'numbers.txt');
});

afterAll(async () => {
  await database.drop();
  await rm(state, { recursive: true, force: true });
});

const subscribers = (...parameters: string[]): Promise<string> => subscribersOf(database.ownerUrl, ...parameters);

async function subscribersOf(url: string, ...parameters: string[]): Promise<string> {
  let said = '';
  await subscribersCommand(parameters, { DATABASE_URL: url, FINDME_STATE: state, FINDME_SECRETS: join(state, 'secrets') }, (text) => {
    said += text;
  });
  return said;
}

describe('the command for subscribers', () => {
  it('takes opted-in numbers in, sealed, each once however often, and counts them', async () => {
    await writeFile(file, '# invented: no country has 999\n+999 600 000001\n999600000002\n999600000001\n');
    expect(await subscribers('import', '--kind', 'sms', '--mode', 'drill', file)).toBe('2 numbers taken in. drill, sms: 2 subscribed.\n');
    expect(await subscribers('import', '--kind', 'sms', '--mode', 'drill', '--language', 'en', file)).toContain('drill, sms: 2 subscribed');
    expect(await subscribers('count', '--kind', 'sms', '--mode', 'live')).toBe('live, sms: 0 subscribed.\n');
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    const { rows } = await client.query<{ row: string; language: string; sealed: Buffer }>('SELECT s::text AS row, language, sealed FROM subscribers s');
    await client.end();
    expect(rows.map((r) => r.language)).toEqual(['en', 'en']);
    for (const { row, sealed } of rows) expect([row.includes('999600'), sealed.includes('999600')]).toEqual([false, false]);
  });

  it('takes nothing in of a file with a line that is no number, and names the line and no number', async () => {
    await writeFile(file, '999600000003\n064 000 0000\n');
    const refused = subscribers('import', '--kind', 'sms', '--mode', 'drill', file);
    await expect(refused).rejects.toThrow('line 2 is no number');
    await expect(refused).rejects.not.toThrow('064');
    expect(await subscribers('count', '--kind', 'sms', '--mode', 'drill')).toContain('2 subscribed');
  });

  it('takes nothing in while an alert of the mode is active or its end is on its way: a part that is being sent would meet who comes again in another place', async () => {
    await writeFile(file, '999600000004\n');
    const stage = await DispatchStage.open([{ id: 'operator' }]);
    const states = async () => [await isUnderWay(stage.source, 'drill'), await isUnderWay(stage.source, 'live')];
    try {
      expect(await states()).toEqual([false, false]);
      const alert = await stage.approved();
      await stage.dispatcher().drain();
      expect(await states()).toEqual([true, false]);
      await expect(subscribersOf(stage.ownerUrl, 'import', '--kind', 'sms', '--mode', 'drill', file)).rejects.toThrow('An alert of drill is active');
      stage.answer('operator', () => ({ kind: 'deferred', reason: 'away' }));
      await stage.withdrawn(alert);
      expect(await states()).toEqual([true, false]);
      await stage.dispatcher().drain();
      expect((await stage.seen(alert.id)).map((d) => d.state)).toEqual(['accepted', 'waiting']);
      expect(await states()).toEqual([true, false]);
      await rows(stage.source, `UPDATE deliveries SET state = 'dead', next_attempt_at = NULL WHERE state = 'waiting'`);
      expect(await states()).toEqual([false, false]);
    } finally {
      await stage.close();
    }
  });

  it.each([['import', '--kind', 'email', '--mode', 'drill', 'x'], ['import', '--kind', 'sms', 'x'], ['import', '--kind', 'sms', '--mode', 'drill'], ['count', '--mode', 'live'], ['remove'], ['count', '--strange']])(
    'tells how it is used: %s %s', async (...parameters) => {
      await expect(subscribers(...parameters)).rejects.toThrow('npm run subscribers -- import');
    });
});
