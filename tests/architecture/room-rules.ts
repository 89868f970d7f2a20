import { isFake } from './import-rules.js';
import type { Project } from './project.js';
import { isTest, type Rule } from './rule.js';

const noBarrels: Rule = {
  says: 'there are no barrels, and aliases point at files',
  breaches: (project) => [
    ...project.paths(/(^|\/)index\.(ts|mjs)$/).map((path) => `${path}: is a barrel`),
    ...project.sources.filter((source) => source.exportsAll).map(({ path }) => `${path}: re-exports all of another file`),
    ...aliases(project).filter(([alias, target]) => !/^#[a-z]+\/\*$/.test(alias) || !target.endsWith(`${alias.slice(1, -1)}*`)).map(([alias]) => `package.json: ${alias} does not point at files`),
  ],
  planted: {
    files: {
      'package.json': '{ "imports": { "#kernel/*": "./dist/libs/kernel/*", "#alerts": "./dist/libs/alerts/index.js" } }',
      'libs/alerts/index.ts': `export { a } from './a.js';`,
      'libs/alerts/all.ts': `export * from './a.js';`,
    },
    found: ['libs/alerts/index.ts: is a barrel', 'libs/alerts/all.ts: re-exports all of another file', 'package.json: #alerts does not point at files'],
  },
};

function aliases(project: Project): [string, string][] {
  const { imports = {} } = JSON.parse(project.texts.get('package.json') ?? '{}') as { imports?: Record<string, string> };
  return Object.entries(imports);
}

const CHANNEL_FILES = ['config.ts', 'encode.ts', 'channel.ts', 'fake-partner.ts', 'README.md'];

const channelIsWhole: Rule = {
  says: 'a channel is a folder with config.ts, encode.ts, channel.ts, fake-partner.ts, README.md and a spec that calls the contract kit, and a line of the catalogue',
  breaches: (project) => {
    const catalogue = project.source('libs/channels/catalog.ts');
    const listed = new Set(catalogue ? project.imports(catalogue).map((i) => i.path) : []);
    return channelFolders(project).flatMap((folder) => [
      ...CHANNEL_FILES.filter((file) => !project.texts.has(`${folder}/${file}`)).map((file) => `${folder}: has no ${file}`),
      ...(project.sources.some(({ path, calls }) => path.startsWith(`${folder}/`) && path.endsWith('.spec.ts') && calls.some((c) => c.name === 'channelContract')) ? [] : [`${folder}: has no spec that calls the contract kit`]),
      ...(listed.has(`${folder}/channel.ts`) ? [] : [`${folder}: is not in the catalogue`]),
    ]);
  },
  planted: {
    files: {
      'libs/channels/catalog.ts': `import { email } from './email/channel.js';`,
      'libs/channels/email/channel.ts': '', 'libs/channels/email/config.ts': '', 'libs/channels/email/encode.ts': '', 'libs/channels/email/fake-partner.ts': '', 'libs/channels/email/README.md': '',
      'libs/channels/email/email.spec.ts': `channelContract({});`,
      'libs/channels/smoke/channel.ts': '', 'libs/channels/smoke/config.ts': '', 'libs/channels/smoke/fake-partner.ts': '', 'libs/channels/smoke/README.md': '',
      'libs/channels/smoke/smoke.spec.ts': `// channelContract({})`,
    },
    found: ['libs/channels/smoke: has no encode.ts', 'libs/channels/smoke: has no spec that calls the contract kit', 'libs/channels/smoke: is not in the catalogue'],
  },
};

function channelFolders(project: Project): string[] {
  return [...new Set(project.paths(/^libs\/channels\/[^/]+\//).map((path) => path.split('/').slice(0, 3).join('/')))];
}

const migrationsCount: Rule = {
  says: 'migrations are numbered from 0001 without a gap',
  breaches: (project) => project.paths(/^libs\/storage\/migrations\//).sort().flatMap((path, index) => {
    const number = String(index + 1).padStart(4, '0');
    return new RegExp(`/${number}-[a-z0-9-]+\\.sql$`).test(path) ? [] : [`${path}: should be number ${number}`];
  }),
  planted: {
    files: { 'libs/storage/migrations/0001-a.sql': '', 'libs/storage/migrations/0003-c.sql': '', 'libs/storage/migrations/0004-d.txt': '' },
    found: ['libs/storage/migrations/0003-c.sql: should be number 0002', 'libs/storage/migrations/0004-d.txt: should be number 0003'],
  },
};

const timeComesIn: Rule = {
  says: 'in a library time, chance and the environment come in; only libs/kernel/clock.ts, fakes and tests read them',
  breaches: (project) => project.sources
    .filter(({ path }) => path.startsWith('libs/') && path !== 'libs/kernel/clock.ts' && !isTest(path))
    .flatMap(({ path, ambient }) => ambient.filter((use) => use === 'process.env' || !isFake(project, path)).map((use) => `${path}: uses ${use}`)),
  planted: {
    files: {
      'libs/alerts/alert.ts': `// not new Date()\nconst at = new Date(), ms = Date.now(), r = Math.random(), e = process.env.HOME, fine = new Date('2026-01-01');\nconst text = 'Date.now()';`,
      'libs/kernel/clock.ts': 'new Date()',
      'libs/channels/email/fake-partner.ts': `import './mailbox.js';\nDate.now(); process.env;`,
      'libs/channels/email/mailbox.ts': 'Date.now()',
    },
    found: ['libs/alerts/alert.ts: uses new Date()', 'libs/alerts/alert.ts: uses Date.now()', 'libs/alerts/alert.ts: uses Math.random', 'libs/alerts/alert.ts: uses process.env', 'libs/channels/email/fake-partner.ts: uses process.env'],
  },
};

export const roomRules: readonly Rule[] = [noBarrels, channelIsWhole, migrationsCount, timeComesIn];
