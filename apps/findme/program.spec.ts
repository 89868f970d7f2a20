import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '#config/project-root.js';
import { isAlive, pause, signal, type ProcessId } from './embedded/process.js';
import { Program } from './program.js';

const LIFELINE = pathToFileURL(join(projectRoot, 'dist/apps/findme/lifeline.js')).href;
const SERVES = `
  import { holdLifeline } from '${LIFELINE}';
  const life = holdLifeline(async () => { console.log('stopped in order'); });
  setInterval(() => undefined, 1_000);
  console.log('serves for', process.env.FOR);
  life.ready({ PARTNER: 'at 4711' });
`;

describe('a program', () => {
  let folder: string;
  let said: string[];
  const programs: Program[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'findme-program-'));
    said = [];
  });
  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  async function written(source: string): Promise<Program> {
    const entry = join(folder, 'program.mjs');
    await writeFile(entry, source);
    const program = new Program({
      name: 'the program', entry, environment: { FOR: 'the spec' }, logFile: join(folder, 'log'),
      log: (line) => said.push(line), onProcess: () => undefined,
    });
    programs.push(program);
    return program;
  }

  async function until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('waited ten seconds in vain');
      await pause(10);
    }
  }

  it('says what those after it need, and stops in order when asked', async () => {
    const program = await written(SERVES);
    expect(await program.start()).toEqual({ PARTNER: 'at 4711' });
    await program.stop();
    expect(await readFile(join(folder, 'log'), 'utf8')).toBe('serves for the spec\nstopped in order\n');
    expect(said).toEqual([]);
  });

  it('is started again when it is killed', async () => {
    const program = await written(SERVES);
    await program.start();
    const first = program.process as ProcessId;
    signal(first, 'SIGKILL');
    await until(() => said.some((line) => line === 'the program is back.'));
    expect(isAlive(first)).toBe(false);
    expect(isAlive(program.process as ProcessId)).toBe(true);
    expect(said[0]).toMatch(/^the program stopped unexpectedly \(SIGKILL\); starting it again in 0.5 s/);
  });

  it('shows its last words if it cannot start', async () => {
    const program = await written("console.error('the harbour is closed'); process.exit(3);");
    await expect(program.start()).rejects.toThrow(/ended while starting \(3\)[^]*the harbour is closed/);
  });
});
