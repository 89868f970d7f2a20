import { createReadStream } from 'node:fs';
import { access, constants, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { auditPublicKeys, pemBlocks } from '#apps/audit-keys.js';
import { secretsIn } from '#config/secrets.js';
import { readPublicKeys, type Checkpoint, type PublicKeys } from '#audit/checkpoint.js';
import { verifyExport } from '#audit/export.js';
import { BREAKS, type Verdict } from '#audit/verify.js';
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
  --json              one JSON object on standard output, and nothing else there
`;

/** What was looked at and what was found. */
export interface Finding extends Verdict {
  readonly of: 'database' | 'export';
  /** Where the public keys came from. Those of the export itself vouch only for its being whole. */
  readonly keys: 'given' | 'secrets' | 'export';
  readonly receipts?: ReceiptVerdict;
}

/** `verify-audit`: recomputes everything and names the first thing wrong. Returns 0 when nothing is, 1 otherwise. */
export async function verifyAuditCommand(parameters: readonly string[], environment: NodeJS.ProcessEnv, print: (text: string) => void): Promise<number> {
  const { file, keys, checkpoints, json, help } = parsed(parameters);
  if (help) {
    print(USAGE);
    return 0;
  }
  const outside = {
    ...(keys !== undefined && { publicKeys: readKeysFile(await readGiven(keys)) }),
    checkpoints: checkpoints === undefined ? [] : readCheckpointsFile(await readGiven(checkpoints)),
  };
  const finding = file === undefined ? await verifyDatabase(environment, outside) : await verifyFile(file, outside);
  print(json ? `${JSON.stringify(finding, undefined, 2)}\n` : asText(finding));
  return finding.ok ? 0 : 1;
}

interface Outside {
  readonly publicKeys?: readonly string[];
  readonly checkpoints: readonly Checkpoint[];
}

async function verifyFile(file: string, outside: Outside): Promise<Finding> {
  await access(file, constants.R_OK).catch(() => {
    throw new Refusal(`${file} cannot be read.`);
  });
  const { keys, ...verdict } = await verifyExport(createInterface({ input: createReadStream(file), crlfDelay: Infinity }), outside);
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
      options: { file: { type: 'string' }, keys: { type: 'string' }, checkpoints: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    }).values;
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n${USAGE}`);
  }
}

/** Reads a file that the caller named. */
function readGiven(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw new Refusal(`${file} cannot be read.`);
  });
}

const keysAnswer = z.object({ keys: z.array(z.object({ publicKey: z.string() })) });

function readKeysFile(text: string): readonly string[] {
  const pems = text.trimStart().startsWith('{') ? keysOfAnswer(text) : pemBlocks(text);
  try {
    if (readPublicKeys(pems).size > 0) return pems;
  } catch {
    // Said below: what cannot be read is no key.
  }
  throw new Refusal('The file of keys holds no Ed25519 public key.');
}

function keysOfAnswer(text: string): readonly string[] {
  try {
    return keysAnswer.parse(JSON.parse(text)).keys.map((k) => k.publicKey);
  } catch {
    return [];
  }
}

/** Whatever a line says is given to the verifier, which knows a checkpoint from what is none. */
function readCheckpointsFile(text: string): readonly Checkpoint[] {
  return text.split('\n').filter((line) => line.trim() !== '').map((line, index) => {
    try {
      return JSON.parse(line) as Checkpoint;
    } catch {
      throw new Refusal(`Line ${index + 1} of the file of checkpoints is no JSON.`);
    }
  });
}

function asText({ of, ok, facts, checkpoints, coveredTo, broken, checkpointFaults, receipts, keys }: Finding): string {
  const lines = [
    `${of === 'database' ? 'The audit in the database' : 'The export'}: ${facts} facts follow from each other.`,
    `Signed checkpoints: ${checkpoints} agree${coveredTo > 0 ? `, covering facts 1 to ${coveredTo}` : ''}.`,
  ];
  if (facts > coveredTo) lines.push(`No checkpoint covers ${coveredTo + 1} to ${facts} yet: their owner could still rewrite them unseen.`);
  if (keys === 'export') lines.push('The keys are the export\'s own: it vouches for itself alone. Give keys from elsewhere with --keys.');
  if (receipts) lines.push(`Receipts: ${receipts.receipts} are what their facts say${receipts.undecided > 0 ? `; of ${receipts.undecided} facts it cannot be told` : ''}.`);
  for (const fault of checkpointFaults) lines.push(`BROKEN: the checkpoint at fact ${fault.seq} is ${fault.reason} (key ${fault.keyId}).`);
  if (receipts?.broken) {
    const { fact, receipt, reason } = receipts.broken;
    lines.push(`BROKEN: ${fact !== undefined ? `fact ${fact}` : receipt !== undefined ? `receipt ${receipt}` : 'a receipt'}: ${RECEIPT_BREAKS[reason]} (${reason})`);
  }
  if (broken) {
    const place = broken.to !== undefined && broken.to !== broken.seq ? `facts ${broken.seq} to ${broken.to}` : `fact ${broken.seq}`;
    lines.push(`BROKEN: ${place}: ${BREAKS[broken.reason]} (${broken.reason}${broken.detail === undefined ? '' : `: ${broken.detail}`})`);
  }
  lines.push(ok ? 'Verified.' : 'NOT verified.', '');
  return lines.join('\n');
}
