import { createReadStream } from 'node:fs';
import { access, constants, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { auditPublicKeys } from '#apps/audit-keys.js';
import { secretsIn } from '#config/secrets.js';
import { readPublicKeys, type Checkpoint, type PublicKeys } from '#audit/checkpoint.js';
import { verifyExport, type ExportVerdict } from '#audit/export.js';
import { readCheckpointsText, readKeysText } from '#audit/outside-files.js';
import { tellVerdict } from '#audit/verdict-text.js';
import type { Verdict } from '#audit/verify.js';
import { PgAuditStore } from '#storage/audit-store.js';
import { openDatabase } from '#storage/database.js';
import { RECEIPT_BREAKS, type ReceiptVerdict } from '#storage/receipt-check.js';
import { onDatabase } from './database.js';
import { Refusal } from './refusal.js';
import { secretsOf, stateFolder } from './state.js';

const USAGE = `npm run verify-audit                            the database of this clone, or that of DATABASE_URL
npm run verify-audit -- --file export.jsonl     an export, without the system that wrote it
  --keys FILE         public keys from elsewhere: PEM, or the answer of GET /v1/audit/keys
  --checkpoints FILE  checkpoints kept elsewhere, one JSON a line
  --whole FILE        for a selection: an export of everything, which must have each of its facts
  --json              one JSON object on standard output, and nothing else there
`;

/** What was looked at and what was found. */
export interface Finding extends Verdict {
  readonly of: 'database' | 'export';
  /** Where the public keys came from. Those of the export itself vouch only for its being whole. */
  readonly keys: 'given' | 'secrets' | 'export';
  readonly receipts?: ReceiptVerdict;
  readonly selection?: ExportVerdict['selection'];
}

/** `verify-audit`: recomputes everything and names the first thing wrong. Returns 0 when nothing is, 1 otherwise. */
export async function verifyAuditCommand(parameters: readonly string[], environment: NodeJS.ProcessEnv, print: (text: string) => void): Promise<number> {
  const { file, keys, checkpoints, whole, json, help } = parsed(parameters);
  if (help) {
    print(USAGE);
    return 0;
  }
  const outside = {
    ...(keys !== undefined && { publicKeys: await readGiven(keys, readKeysText) }),
    checkpoints: checkpoints === undefined ? [] : await readGiven(checkpoints, readCheckpointsText),
    ...(whole !== undefined && { whole: linesOf(whole) }),
  };
  const finding = file === undefined ? await verifyDatabase(environment, outside) : await verifyFile(file, outside);
  print(json ? `${JSON.stringify(finding, undefined, 2)}\n` : asText(finding));
  return finding.ok ? 0 : 1;
}

interface Outside {
  readonly publicKeys?: readonly string[];
  readonly checkpoints: readonly Checkpoint[];
  readonly whole?: AsyncIterable<string>;
}

async function verifyFile(file: string, outside: Outside): Promise<Finding> {
  await access(file, constants.R_OK).catch(() => {
    throw new Refusal(`${file} cannot be read.`);
  });
  const { keys, ...verdict } = await verifyExport(linesOf(file), outside);
  return { of: 'export', keys, ...verdict };
}

async function verifyDatabase(environment: NodeJS.ProcessEnv, { publicKeys, checkpoints }: Outside): Promise<Finding> {
  const { folder } = await secretsOf(await stateFolder(environment['FINDME_STATE']), environment['FINDME_SECRETS']);
  const trusted: PublicKeys = readPublicKeys(publicKeys ?? auditPublicKeys(secretsIn(folder)));
  return onDatabase(environment, async (url) => {
    const source = await openDatabase({ url, name: 'findme-verify-audit', poolSize: 2 });
    try {
      return { of: 'database', keys: publicKeys ? 'given' : 'secrets', ...(await new PgAuditStore(source).verify(trusted, checkpoints)) };
    } finally {
      await source.destroy();
    }
  });
}

function parsed(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: { file: { type: 'string' }, keys: { type: 'string' }, checkpoints: { type: 'string' }, whole: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    }).values;
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n${USAGE}`);
  }
}

/** Reads a file that the caller named; what it does not hold is told as a refusal. */
async function readGiven<T>(file: string, read: (text: string) => T): Promise<T> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Refusal(`${file} cannot be read.`);
  });
  try {
    return read(text);
  } catch (error) {
    throw error instanceof TypeError ? new Refusal(error.message) : error;
  }
}

const linesOf = (file: string): AsyncIterable<string> => createInterface({ input: createReadStream(file), crlfDelay: Infinity });

function asText({ of, keys, receipts, selection, ...verdict }: Finding): string {
  const lines = tellVerdict(of === 'database' ? 'The audit in the database' : 'The export', verdict, keys, selection);
  if (receipts) lines.push(`Receipts: ${receipts.receipts} are what their facts say${receipts.undecided > 0 ? `; of ${receipts.undecided} facts it cannot be told` : ''}.`);
  if (receipts?.broken) {
    const { fact, receipt, reason } = receipts.broken;
    lines.push(`BROKEN: ${fact !== undefined ? `fact ${fact}` : receipt !== undefined ? `receipt ${receipt}` : 'a receipt'}: ${RECEIPT_BREAKS[reason]} (${reason})`);
  }
  lines.push(verdict.ok ? 'Verified.' : 'NOT verified.', '');
  return lines.join('\n');
}
