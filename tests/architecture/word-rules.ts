import type { Project } from './project.js';
import { isTest, type Rule } from './rule.js';

const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.(spec|module|controller|d))?\.tsx?$/;
const EMPTY_WORD = /(^|[-.])(manager|helper|helpers|util|utils|service)([-.]|$)/;
const EMPTY_NAME = /(Manager|Helper|Helpers|Util|Utils|Service)$|^I[A-Z][a-z]/;
/** Words of a standard: RFC 8030 calls whoever takes messages for a browser its push service. */
const STANDARD_NAME = /PushService$|^push-service\.(spec\.)?ts$/;

const names: Rule = {
  says: 'files are named by noun; nothing is a Manager, Helper, Util or Service, and no name has an I in front',
  breaches: (project) => project.sources.flatMap(({ path, declared }) => {
    const file = path.slice(path.lastIndexOf('/') + 1);
    return [
      ...(FILE_NAME.test(file) ? [] : [`${path}: is not written noun-noun.ts or noun.role.ts`]),
      ...(EMPTY_WORD.test(file) && !STANDARD_NAME.test(file) ? [`${path}: has a name that says nothing`] : []),
      ...declared.filter((name) => EMPTY_NAME.test(name) && !STANDARD_NAME.test(name)).map((name) => `${path}: declares ${name}`),
    ];
  }),
  planted: {
    files: {
      'libs/alerts/alertStore.ts': '', 'libs/alerts/date-utils.ts': '', 'apps/api/alert.service.ts': '',
      'libs/alerts/area.ts': `export class AreaManager {}\ninterface IArea {}\nexport function areaHelper() {}\ntype Ids = 1; class Index {}`,
    },
    found: [
      'libs/alerts/alertStore.ts: is not written noun-noun.ts or noun.role.ts', 'libs/alerts/date-utils.ts: has a name that says nothing',
      'apps/api/alert.service.ts: is not written noun-noun.ts or noun.role.ts', 'apps/api/alert.service.ts: has a name that says nothing',
      'libs/alerts/area.ts: declares AreaManager', 'libs/alerts/area.ts: declares IArea', 'libs/alerts/area.ts: declares areaHelper',
    ],
  },
};

const LEFT_OUT = /^(f|x)(it|describe|test)$/;
/** Where a program or a schema that judges ours may be missing, its test is skipped and says so. */
const MAY_SKIP = ['libs/cap/sign.spec.ts', 'libs/cap/write.spec.ts', 'libs/cap/testing/schema.ts', 'libs/channels/cell-broadcast/encode.spec.ts'];
const maySkip = (path: string): boolean => MAY_SKIP.includes(path) || path.startsWith('tests/peers/');
const LATER = /\b(TODO|FIXME|XXX)\b/;
const SILENCED = /eslint-disable|@ts-(ignore|nocheck|expect-error)/;

const nothingLeftOut: Rule = {
  // Where a program or schema of others that judges ours is missing, a condition skips the test.
  says: 'no test is left out or alone, nothing is put off, no checker is silenced',
  breaches: (project) => project.sources.flatMap(({ path, calls, leftOut, bare }) => [
    ...(maySkip(path) ? [] : leftOut.map((name) => `${path}: has ${name}`)),
    ...calls.filter(({ name }) => LEFT_OUT.test(name)).map(({ name }) => `${path}: calls ${name}`),
    ...(LATER.test(bare) ? [`${path}: puts something off (${LATER.exec(bare)![0]})`] : []),
    ...(SILENCED.test(bare) ? [`${path}: silences a checker (${SILENCED.exec(bare)![0]})`] : []),
  ]),
  planted: {
    files: {
      'libs/alerts/a.spec.ts': `it.only('a', () => {}); describe.skip('b', () => {}); const c = it.skip; const d = judge ? it : it.skip; xit('c', () => {}); fdescribe('d', () => {}); it('e', () => {});`,
      'libs/alerts/a.ts': `// TODO: later\nconst text = 'TODO';`,
      'libs/alerts/b.ts': `/* eslint-disable */ const x = 1;\n// @ts-ignore\nconst y = x;`,
    },
    found: [
      'libs/alerts/a.spec.ts: has it.only', 'libs/alerts/a.spec.ts: has describe.skip', 'libs/alerts/a.spec.ts: has it.skip', 'libs/alerts/a.spec.ts: calls xit', 'libs/alerts/a.spec.ts: calls fdescribe',
      'libs/alerts/a.ts: puts something off (TODO)', 'libs/alerts/b.ts: silences a checker (eslint-disable)',
    ],
  },
};

const ERROR_TABLE = 'libs/kernel/errors.ts';
const SQL_REFUSAL = /\brefuse\('([A-Z0-9_]+)'\)/g;

const errorCodes: Rule = {
  says: 'every code of the error table is used, and every code the database refuses with is in it',
  breaches: (project) => {
    const table = codesOf(project);
    const inSql = project.paths(/\.sql$/).flatMap((path) => [...(project.texts.get(path) ?? '').matchAll(SQL_REFUSAL)].map((match) => ({ path, code: match[1]! })));
    const used = new Set([
      ...project.sources.filter(({ path }) => path !== ERROR_TABLE && !isTest(path)).flatMap(({ strings }) => strings),
      ...inSql.map(({ code }) => code),
    ]);
    return [
      ...table.filter((code) => !used.has(code)).map((code) => `${ERROR_TABLE}: ${code} is never given`),
      ...inSql.filter(({ code }) => !table.includes(code)).map(({ path, code }) => `${path}: refuses with ${code}, which is not in the table`),
    ];
  },
  planted: {
    files: {
      [ERROR_TABLE]: `export const ERRORS = {\n  ALERT_STALE: entry('conflict', 'never', ''),\n  ALERT_LOST: entry('gone', 'never', ''),\n  ROLE_MISSING: entry('gone', 'never', ''),\n};`,
      'libs/alerts/alert.ts': `throw fail('ALERT_STALE');`,
      'libs/alerts/alert.spec.ts': `expect(code).toBe('ALERT_LOST');`,
      'libs/storage/migrations/0001-a.sql': `PERFORM refuse('ROLE_MISSING'); PERFORM refuse('ROLE_LOST');`,
    },
    found: [`${ERROR_TABLE}: ALERT_LOST is never given`, 'libs/storage/migrations/0001-a.sql: refuses with ROLE_LOST, which is not in the table'],
  },
};

/** The codes of the table: the lines of it that call `entry`. */
const codesOf = (project: Project): string[] => [...(project.texts.get(ERROR_TABLE) ?? '').matchAll(/^ {2}([A-Z][A-Z0-9_]+): entry\(/gm)].map((match) => match[1]!);

const LOG_TABLE = 'libs/kernel/log.ts';

const logEvents: Rule = {
  says: 'every log event that is named is logged somewhere, and every one that is logged is named',
  breaches: (project) => {
    const named = (project.source(LOG_TABLE)?.members ?? []).filter((m) => m.startsWith('LogEvents.')).map((m) => m.slice('LogEvents.'.length));
    const logged = project.sources.filter(({ path }) => !isTest(path)).flatMap(({ path, calls }) =>
      calls.flatMap(({ name, argument }) => (name === 'event' && argument !== undefined ? [{ path, event: argument }] : [])));
    return [
      ...named.filter((event) => !logged.some((l) => l.event === event)).map((event) => `${LOG_TABLE}: ${event} is never logged`),
      ...logged.filter(({ event }) => !named.includes(event)).map(({ path, event }) => `${path}: logs ${event}, which has no name`),
    ];
  },
  planted: {
    files: {
      [LOG_TABLE]: `export interface LogEvents { 'app.started': { app: string }; 'app.lost': { app: string } }`,
      'apps/api/main.ts': `this.log.event('app.started', { app }); log.event('app.found', { app });`,
    },
    found: [`${LOG_TABLE}: app.lost is never logged`, 'apps/api/main.ts: logs app.found, which has no name'],
  },
};

export const wordRules: readonly Rule[] = [names, nothingLeftOut, errorCodes, logEvents];
