import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import { parseNumbers, SMS } from '#channels/smpp/numbers.js';
import { masterKeysIn } from '#config/secrets.js';
import { systemClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { PgAudience } from '#storage/audience-store.js';
import { adoptMasterKey } from '#storage/master-key-store.js';
import { openDatabase, rows } from '#storage/database.js';
import { onDatabase } from './database.js';
import { Refusal } from './refusal.js';
import { secretsOf, stateFolder } from './state.js';

const USAGE = `npm run subscribers -- import --kind sms --mode drill|live [--language ${LANGUAGES.join('|')}] FILE
npm run subscribers -- count --kind sms|email|web-push --mode drill|live
  FILE  numbers of people who agreed to be told, one a line in international form; # begins a comment
`;
const AT_ONCE = 8;

/**
 * `subscribers`: takes in the numbers of people who agreed to be told by SMS, and counts who is subscribed. A number is sealed
 * before it reaches the database and is printed nowhere; who is there already is there once. Refused while an alert of the mode
 * is active or on its way: a part that is being sent would meet those who come again under a new place.
 */
export async function subscribersCommand(parameters: readonly string[], environment: NodeJS.ProcessEnv, print: (text: string) => void): Promise<number> {
  const { verb, kind, mode, language, file } = asked(parameters);
  const numbers = verb === 'import' ? await numbersIn(file) : [];
  const { folder } = await secretsOf(await stateFolder(environment['FINDME_STATE']), environment['FINDME_SECRETS']);
  print(await onDatabase(environment, async (url) => {
    const source = await openDatabase({ url, name: 'findme-subscribers', poolSize: AT_ONCE });
    try {
      if (verb === 'import' && await isUnderWay(source, mode)) throw new Refusal(`An alert of ${mode} is active or still on its way: numbers are taken in when none is. Nothing was taken in.`);
      const masterKey = await adoptMasterKey(source, masterKeysIn(folder), systemClock, randomIds);
      const audience = new PgAudience(source, masterKey, systemClock, randomIds, silentLog);
      const queue = numbers.values();
      const work = async (): Promise<void> => {
        for (const number of queue) await audience.add({ kind, mode, language, districts: null, identity: number, contact: number, confirmed: true });
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      const count = await audience.count({ kind, mode, shard: 0, shards: 1 });
      return `${verb === 'import' ? `${numbers.length} numbers taken in. ` : ''}${mode}, ${kind}: ${count} subscribed.\n`;
    } finally {
      await source.destroy();
    }
  }));
  return 0;
}

interface Asked { readonly verb: 'import' | 'count'; readonly kind: string; readonly mode: Mode; readonly language: Language; readonly file: string }

function asked(parameters: readonly string[]): Asked {
  const { values: { kind, mode, language }, positionals: [verb, file = ''] } = parsed(parameters);
  const known = LANGUAGES.find((l) => l === language);
  const isImport = verb === 'import' && kind === SMS && file !== '' && known !== undefined;
  const isCount = verb === 'count' && kind !== undefined && /^[a-z-]{1,40}$/.test(kind);
  if (!(isImport || isCount) || (mode !== 'drill' && mode !== 'live')) throw new Refusal(USAGE);
  return { verb: isImport ? 'import' : 'count', kind, mode, language: known ?? 'sr-Latn', file };
}

function parsed(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters], allowPositionals: true,
      options: { kind: { type: 'string' }, mode: { type: 'string' }, language: { type: 'string', default: 'sr-Latn' } },
    });
  } catch {
    throw new Refusal(USAGE);
  }
}

/** Whether an alert of the mode is active, or anything of one is still to be sent. */
export async function isUnderWay(source: DataSource, mode: Mode): Promise<boolean> {
  const [found] = await rows<{ busy: boolean }>(source,
    `SELECT EXISTS (SELECT FROM alerts a LEFT JOIN outbox o ON o.alert_id = a.id AND o.planned_at IS NULL
                      LEFT JOIN deliveries d ON d.alert_id = a.id AND d.state IN ('queued', 'sending', 'waiting')
                     WHERE a.mode = $1 AND (a.status = 'active' OR o.id IS NOT NULL OR d.id IS NOT NULL)) AS busy`, [mode]);
  return found!.busy;
}

/** All or nothing: a file with a line that is no number is refused, naming lines and no number. */
async function numbersIn(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Refusal(`There is no file ${file}.`);
  });
  const { numbers, faults } = parseNumbers(text);
  if (faults.length > 0) throw new Refusal(`${file}: ${faults.join('; ')}.`);
  return numbers;
}
