import { Refusal as KernelRefusal } from '#kernel/errors.js';
import { Refusal } from './refusal.js';

/** A command: takes its parameters, returns the exit code. */
type Command = (parameters: readonly string[], environment: NodeJS.ProcessEnv) => Promise<number>;

/** Each loads only what it needs, so that `test` does not wait for the whole system. */
const commands: Readonly<Record<string, Command>> = {
  start: async (_, environment) => (await import('./system.js')).run(environment),
  migrate: async (_, environment) => (await import('./system.js')).migrateOnly(environment),
  drill: async (parameters, environment) => (await import('./drill/command.js')).drill(parameters, environment),
  'verify-audit': async (parameters, environment) => (await import('./verify-audit.js')).verifyAuditCommand(parameters, environment, (text) => void process.stdout.write(text)),
  officers: async (parameters, environment) => (await import('./officers-command.js')).officersCommand(parameters, environment, (text) => void process.stdout.write(text)),
  keys: async (parameters, environment) => (await import('./keys-command.js')).keysCommand(parameters, environment, (text) => void process.stdout.write(text)),
  subscribers: async (parameters, environment) => (await import('./subscribers-command.js')).subscribersCommand(parameters, environment, (text) => void process.stdout.write(text)),
  test: async (parameters) => (await import('./checks.js')).test(parameters),
  'test-peers': async (parameters) => (await import('./checks.js')).testPeers(parameters),
  bench: async (parameters) => (await import('./bench.js')).bench(parameters),
  check: async (parameters) => (await import('./checks.js')).check(parameters),
};

/** Run the command named first. Returns the exit code: 2 if there is no such command. */
export async function main(parameters: readonly string[]): Promise<number> {
  const [name = '', ...rest] = parameters;
  const command = commands[name];
  if (command === undefined) {
    process.stderr.write(`There is no command "${name}". There are: ${Object.keys(commands).join(', ')}.\n`);
    return 2;
  }
  try {
    return await command(rest, process.env);
  } catch (error) {
    // Anything but a refusal is a fault of ours, and its place is of use.
    const text = error instanceof Refusal || error instanceof KernelRefusal ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${text ?? ''}\n`);
    return 1;
  }
}
