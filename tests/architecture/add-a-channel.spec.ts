import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { parse } from 'yaml';
import { projectRoot } from '#config/project-root.js';
import { importRules } from './import-rules.js';
import { Project, readProject } from './project.js';
import { roomRules } from './room-rules.js';
import { wordRules } from './word-rules.js';

/*
 * docs/add-a-channel.md is true: its files are taken out of the page, compiled with the project's options where they would
 * lie, held against the rules of the house, and its spec is run as it stands.
 */

const FOLDER = 'libs/channels/ferry-screens';
const CATALOGUE = 'libs/channels/catalog.ts';
const run = promisify(execFile);

const page = readFileSync(join(projectRoot, 'docs/add-a-channel.md'), 'utf8');
const blocks = new Map([...page.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name!, text!]));
const folder = new Map([...blocks].filter(([name]) => name.startsWith(`${FOLDER}/`)));

/** The catalogue with the page's two lines: the import among the others, the entry at the end of the list. */
function catalogue(): string {
  const [importLine, entry] = blocks.get('catalogue')!.split('\n');
  const text = readFileSync(join(projectRoot, CATALOGUE), 'utf8');
  return `${importLine}\n${text.replace(/^\];/m, `${entry}\n];`)}`;
}

/** The files as they would lie in the project, by their absolute path. */
const added = new Map([...folder, [CATALOGUE, catalogue()] as const].map(([path, text]) => [join(projectRoot, path), text]));

function compile(): { faults: string[]; outputs: Map<string, string> } {
  const { config } = ts.readConfigFile(join(projectRoot, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, projectRoot);
  const compilerOptions: ts.CompilerOptions = { ...options, incremental: false, sourceMap: false, inlineSources: false };
  delete compilerOptions.tsBuildInfoFile;
  const host = ts.createCompilerHost(compilerOptions);
  const { fileExists, readFile, directoryExists } = host;
  host.directoryExists = (path) => path === join(projectRoot, FOLDER) || (directoryExists?.(path) ?? true);
  host.fileExists = (path) => added.has(path) || fileExists(path);
  host.readFile = (path) => added.get(path) ?? readFile(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersion);
  };
  const program = ts.createProgram([...added.keys()].filter((path) => path.endsWith('.ts')), compilerOptions, host);
  const outputs = new Map<string, string>();
  const faults = [...program.getOptionsDiagnostics()];
  for (const path of added.keys()) {
    const file = program.getSourceFile(path);
    if (!file) continue;
    faults.push(...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file));
    if (path !== join(projectRoot, CATALOGUE)) program.emit(file, (name, text) => void outputs.set(basename(name), text));
  }
  return { outputs, faults: faults.map((f) => `${f.file ? basename(f.file.fileName) : ''}: ${ts.flattenDiagnosticMessageText(f.messageText, '\n')}`) };
}

describe('the page on adding a channel', () => {
  let home: string;

  beforeAll(() => {
    mkdirSync(join(projectRoot, 'dist'), { recursive: true });
    home = mkdtempSync(join(projectRoot, 'dist', 'add-a-channel-'));
  });
  afterAll(() => {
    rmSync(home, { recursive: true, force: true });
  });

  it('holds every file it speaks of, and they keep the rules of the house', () => {
    expect([...folder.keys()].map((name) => basename(name)).sort()).toEqual(['README.md', 'channel.ts', 'config.ts', 'encode.ts', 'fake-partner.ts', 'ferry-screens.spec.ts']);
    const project = new Project(new Map([...readProject().texts, ...folder, [CATALOGUE, catalogue()]]));
    const breaches = [...importRules, ...roomRules, ...wordRules].flatMap((rule) => rule.breaches(project));
    expect(breaches.filter((breach) => breach.includes(FOLDER))).toEqual([]);
  });

  it('compiles with the project\'s options, its line in the catalogue too, and passes the contract kit', async () => {
    const { faults, outputs } = compile();
    expect(faults).toEqual([]);
    for (const [name, text] of outputs) writeFileSync(join(home, name), text);

    const { stdout } = await run(process.execPath, [join(projectRoot, 'tests/architecture/run-spec.mjs'), join(home, 'ferry-screens.spec.js')], { cwd: projectRoot, timeout: 90_000 });
    const { passed, failed } = JSON.parse(stdout) as { passed: string[]; failed: string[] };
    expect(failed).toEqual([]);
    expect(passed.length).toBeGreaterThan(20);

    // The destination of the page, read by the configuration's own reader with the page's channel.
    const destination = JSON.stringify({ sender: 'pronadji-me@findme.example', destinations: parse(blocks.get('destination')!) as unknown });
    const reading = [
      `import { parseConfiguration } from '#config/configuration.js';`,
      `import { ferryScreens } from ${JSON.stringify(join(home, 'channel.js'))};`,
      `const { destinations } = parseConfiguration(${JSON.stringify(destination)}, [ferryScreens]);`,
      `process.stdout.write(destinations.map((d) => d.channel).join());`,
    ].join('\n');
    expect((await run(process.execPath, ['--input-type=module', '--eval', reading], { cwd: projectRoot })).stdout).toBe('ferry-screens');
  });
});
