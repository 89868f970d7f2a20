/*
 * Runs one compiled spec outside Jest, in the order of its tests, and prints what failed as JSON: { passed, failed }.
 * Knows `describe` and `it` alone, which is what the contract kit registers itself with.
 */
import { pathToFileURL } from 'node:url';

const tests = [];
globalThis.describe = (_, register) => register();
globalThis.it = (sentence, run) => void tests.push([sentence, run]);
await import(pathToFileURL(process.argv[2]).href);

const passed = [];
const failed = [];
for (const [sentence, run] of tests) {
  try {
    await run();
    passed.push(sentence);
  } catch (error) {
    failed.push(`${sentence}: ${error instanceof Error ? error.stack : error}`);
  }
}
process.stdout.write(JSON.stringify({ passed, failed }), () => process.exit(0));
