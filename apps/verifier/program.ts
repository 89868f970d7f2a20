import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Refusal } from '#kernel/errors.js';
import { verifyExport } from '#audit/export.js';
import { readCheckpointsText, readKeysText } from '#audit/outside-files.js';
import { tellVerdict } from '#audit/verdict-text.js';

const USAGE = `Verifies an audit export of Find Me, without the system that wrote it. Needs Node.js 20 or newer and no network.

node findme-verify.mjs EXPORT.jsonl
  --keys FILE         public keys that came another way than the export: PEM, or the answer of /v1/audit/keys
  --checkpoints FILE  signed checkpoints that were kept elsewhere, one JSON a line
  --whole FILE        for a selection: an export of everything, which must have each of its facts
  --json              the verdict as one JSON object

Ends with 0 when nothing is wrong, 1 when something is, 2 when it could not verify.
`;

/** Runs the verifier as a command. Returns its exit code. */
export async function runVerifier(parameters: readonly string[], print: (text: string) => void, complain: (text: string) => void): Promise<0 | 1 | 2> {
  try {
    const { values, positionals } = parseArgs({
      args: [...parameters], allowPositionals: true,
      options: { keys: { type: 'string' }, checkpoints: { type: 'string' }, whole: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    const [file, ...more] = positionals;
    if (values.help) {
      print(USAGE);
      return 0;
    }
    if (file === undefined || more.length > 0) throw new TypeError(USAGE);
    const { selection, keys, ...verdict } = await verifyExport(linesOf(file), {
      ...(values.keys !== undefined && { publicKeys: readKeysText(await readFile(values.keys, 'utf8')) }),
      ...(values.checkpoints !== undefined && { checkpoints: readCheckpointsText(await readFile(values.checkpoints, 'utf8')) }),
      ...(values.whole !== undefined && { whole: linesOf(values.whole) }),
    });
    const found = { ...verdict, keys, ...(selection && { selection }) };
    print(values.json ? `${JSON.stringify(found, undefined, 2)}\n` : `${[...tellVerdict(file, verdict, keys, selection), verdict.ok ? 'Verified.' : 'NOT verified.', ''].join('\n')}`);
    return verdict.ok ? 0 : 1;
  } catch (error) {
    // What cannot be read is told apart from what was read and is wrong.
    if (!(error instanceof Refusal || error instanceof TypeError || (error as NodeJS.ErrnoException).code !== undefined)) throw error;
    complain(`${(error as Error).message}\n`);
    return 2;
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  yield* createInterface({ input: source, crlfDelay: Infinity });
  if (source.errored) throw source.errored;
}
