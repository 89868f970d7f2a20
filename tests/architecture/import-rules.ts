import type { Project } from './project.js';
import { isTest, roomOf, type Rule } from './rule.js';

/** What each room of `libs/` may import, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  audit: ['kernel'],
  alerts: ['kernel', 'audit'],
  identity: ['kernel', 'audit'],
  cap: ['kernel', 'alerts'],
  dispatch: ['kernel', 'audit', 'alerts'],
  channels: ['kernel', 'audit', 'alerts', 'dispatch', 'cap'],
  storage: ['kernel', 'audit', 'alerts', 'identity', 'dispatch'],
};

/** The two places where a library reads what lies in `config/`: data and a path, which import nothing themselves. */
const CONFIG_FOR_LIBS: Readonly<Record<string, string>> = {
  'libs/alerts/area.ts': 'config/areas/serbia.ts',
  'libs/storage/migrations.ts': 'config/project-root.ts',
};

/** What `config/` checks a configuration against. */
const CONFIG_MAY_IMPORT = ['kernel', 'alerts', 'dispatch'];

/** Every import of a file below `from` that `wrong` gives a reason for. */
function wrongImports(project: Project, from: RegExp, wrong: (from: string, to: string, specifier: string, typeOnly: boolean) => string | undefined): string[] {
  return project.sources.filter(({ path }) => from.test(path)).flatMap((source) => project.imports(source).flatMap(({ path, specifier, typeOnly }) => {
    const reason = wrong(source.path, path, specifier, typeOnly);
    return reason === undefined ? [] : [`${source.path}: imports ${path}, ${reason}`];
  }));
}

const direction: Rule = {
  says: 'imports point one way: kernel <- audit <- alerts <- dispatch <- channels; storage stands beside them; a spec may borrow samples',
  breaches: (project) => wrongImports(project, /^libs\//, (from, to) => {
    const [room, target] = [roomOf(from)!, roomOf(to)];
    if (target === undefined || target === room || (from.endsWith('.spec.ts') && to.includes('/testing/'))) return undefined;
    if (MAY_IMPORT[room] === undefined) return `but the rules do not know the room ${room}`;
    return MAY_IMPORT[room].includes(target) ? undefined : `but ${room} may not use ${target}`;
  }),
  planted: {
    files: {
      'libs/kernel/ids.ts': `import { alert } from '#alerts/alert.js';`,
      'libs/dispatch/plan.ts': `import type { A } from '#channels/catalog.js';\nimport '#alerts/alert.js';`,
      'libs/alerts/alert.ts': `const lazily = import('#storage/alert-store.js');`,
      'libs/weather/rain.ts': `export type { X } from '#kernel/ids.js';`,
      'libs/cap/write.spec.ts': `import '#dispatch/testing/sample-notice.js';\nimport '#dispatch/channel.js';`,
    },
    found: [
      'libs/kernel/ids.ts: imports libs/alerts/alert.ts, but kernel may not use alerts',
      'libs/dispatch/plan.ts: imports libs/channels/catalog.ts, but dispatch may not use channels',
      'libs/alerts/alert.ts: imports libs/storage/alert-store.ts, but alerts may not use storage',
      'libs/weather/rain.ts: imports libs/kernel/ids.ts, but the rules do not know the room weather',
      'libs/cap/write.spec.ts: imports libs/dispatch/channel.ts, but cap may not use dispatch',
    ],
  },
};

const noAppsInLibs: Rule = {
  says: 'a library imports neither apps nor tests nor config, but for two listed pieces of data; its specs may use tests/support and config',
  breaches: (project) => wrongImports(project, /^libs\//, (from, to) => {
    if (/^apps\//.test(to)) return 'but libraries know no application';
    if (/^tests\//.test(to) && !from.endsWith('.spec.ts')) return 'but only specs use the tests\' support';
    if (/^config\//.test(to) && !isTest(from) && CONFIG_FOR_LIBS[from] !== to) return 'but libraries are given their configuration';
    return undefined;
  }),
  planted: {
    files: {
      'libs/alerts/alert.ts': `import '#apps/log.js';\nimport '#config/environment.js';`,
      'libs/alerts/area.ts': `import '#config/areas/serbia.js';`,
      'libs/alerts/area.spec.ts': `import '../../tests/support/database.js';\nimport '#config/areas/serbia.js';`,
      'libs/storage/case-keys.ts': `import '../../tests/support/database.js';`,
    },
    found: [
      'libs/alerts/alert.ts: imports apps/log.ts, but libraries know no application',
      'libs/alerts/alert.ts: imports config/environment.ts, but libraries are given their configuration',
      'libs/storage/case-keys.ts: imports tests/support/database.ts, but only specs use the tests\' support',
    ],
  },
};

const configKnowsLittle: Rule = {
  says: 'config knows the ports it checks against and neither apps, channels nor storage; what libraries read there imports nothing',
  breaches: (project) => wrongImports(project, /^config\/(?!.*\.spec\.ts$)/, (from, to) => {
    if (Object.values(CONFIG_FOR_LIBS).includes(from) && !to.endsWith('.json')) return 'but libraries read it';
    if (to.startsWith('config/')) return undefined;
    const room = roomOf(to);
    return room !== undefined && CONFIG_MAY_IMPORT.includes(room) ? undefined : 'which config may not use';
  }),
  planted: {
    files: { 'config/configuration.ts': `import '#channels/catalog.js';\nimport '#dispatch/channel.js';`, 'config/project-root.ts': `import '#kernel/errors.js';` },
    found: ['config/configuration.ts: imports libs/channels/catalog.ts, which config may not use', 'config/project-root.ts: imports libs/kernel/errors.ts, but libraries read it'],
  },
};

const channelsApart: Rule = {
  says: 'no channel imports another',
  breaches: (project) => wrongImports(project, /^libs\/channels\/[^/]+\//, (from, to) => {
    const channel = (path: string): string | undefined => /^libs\/channels\/([^/]+)\//.exec(path)?.[1];
    if (to === 'libs/channels/catalog.ts') return 'but a channel does not know the others';
    return channel(to) !== undefined && channel(to) !== channel(from) ? 'which is another channel' : undefined;
  }),
  planted: {
    files: { 'libs/channels/email/encode.ts': `import { x } from '../smpp/encode.js';\nimport './config.js';`, 'libs/channels/smpp/bind.ts': `import '../catalog.js';` },
    found: ['libs/channels/email/encode.ts: imports libs/channels/smpp/encode.ts, which is another channel', 'libs/channels/smpp/bind.ts: imports libs/channels/catalog.ts, but a channel does not know the others'],
  },
};

/** What every application stands on; otherwise applications meet over HTTP and the database alone. */
const SHARED_BY_APPS = /^apps\/([^/]+\.ts|findme\/lifeline\.ts)$/;

const appsApart: Rule = {
  says: 'no application imports another, but for the lifeline to the one who started it; the console knows the types of the API and no more',
  breaches: (project) => wrongImports(project, /^apps\/[^/]+\//, (from, to, _, typeOnly) => {
    if (typeOnly && from.startsWith('apps/console/') && to.startsWith('apps/api/')) return undefined;
    const app = (path: string): string | undefined => /^apps\/([^/]+)\//.exec(path)?.[1];
    return app(to) !== undefined && app(to) !== app(from) && !SHARED_BY_APPS.test(to) && !isTest(from) ? 'which is another application' : undefined;
  }),
  planted: {
    files: {
      'apps/api/main.ts': `import '#apps/dispatcher/work.js';\nimport '#apps/findme/lifeline.js';\nimport '#apps/composition.js';`,
      'apps/console/api.tsx': `import type { A } from '#apps/api/a.js';\nimport { b } from '#apps/api/b.js';`,
    },
    found: ['apps/api/main.ts: imports apps/dispatcher/work.ts, which is another application', 'apps/console/api.tsx: imports apps/api/b.ts, which is another application'],
  },
};

const fakesStayOut: Rule = {
  says: 'what runs in production imports neither specs, testing/ nor a fake partner; apps/partners and the drill play with them',
  breaches: (project) => wrongImports(project, /^(apps|libs|config)\//, (from, to) => {
    if (isTest(from) || isFake(project, from) || /^apps\/(partners|findme\/drill)\//.test(from)) return undefined;
    if (isTest(to)) return 'which is for tests';
    return isFake(project, to) ? 'which plays a partner' : undefined;
  }),
  planted: {
    files: {
      'libs/channels/email/channel.ts': `import { startFakePartner } from './fake-partner.js';\nimport '#dispatch/testing/sample-notice.js';`,
      'libs/channels/email/fake-partner.ts': `import './mailbox.js';\nimport '#dispatch/testing/fake-partner.js';`,
      'libs/channels/email/mailbox.ts': '',
    },
    found: ['libs/channels/email/channel.ts: imports libs/channels/email/fake-partner.ts, which plays a partner', 'libs/channels/email/channel.ts: imports libs/dispatch/testing/sample-notice.ts, which is for tests'],
  },
};

/** What connects by itself. */
const CONNECTS = /^(node:(net|tls|http|https|http2|dgram)|net-snmp|nodemailer\/lib\/smtp-connection)$/;
const OUTGOING = 'libs/dispatch/outgoing.ts';

const outwardsJudged: Rule = {
  says: `what connects to a partner asks ${OUTGOING} where it may go`,
  breaches: (project) => project.sources.filter(({ path }) => /^libs\/(channels|dispatch)\//.test(path) && !isTest(path) && !isFake(project, path) && !/\/(outgoing|addresses)\.ts$|\.d\.ts$/.test(path)).flatMap((source) => [
    ...source.imports.filter(({ specifier, typeOnly }) => !typeOnly && CONNECTS.test(specifier) && !project.imports(source).some(({ path }) => path === OUTGOING)).map(({ specifier }) => `${source.path}: uses ${specifier} without ${OUTGOING}`),
    ...source.calls.filter(({ name }) => name === 'fetch').map(() => `${source.path}: calls fetch, which looks names up for itself`),
  ]),
  planted: {
    files: {
      'libs/channels/email/smtp.ts': `import { connect } from 'node:tls';\nimport type { Socket } from 'node:net';`,
      'libs/channels/email/channel.ts': `import { connect } from 'node:net';\nimport '#dispatch/outgoing.js';\nvoid fetch('https://partner.example/');`,
      'libs/channels/email/fake-partner.ts': `import { connect } from 'node:net';`,
      [OUTGOING]: `import { isIP } from 'node:net';`,
    },
    found: ['libs/channels/email/smtp.ts: uses node:tls without libs/dispatch/outgoing.ts', 'libs/channels/email/channel.ts: calls fetch, which looks names up for itself'],
  },
};

/** A fake partner, or a file of its channel that nothing but fake partners and tests imports. */
export function isFake(project: Project, path: string): boolean {
  if (/^libs\/channels\/[^/]+\/fake-partner\.ts$/.test(path)) return true;
  if (!/^libs\/channels\/[^/]+\//.test(path) || isTest(path)) return false;
  const users = project.sources.filter((source) => !isTest(source.path) && project.imports(source).some((i) => i.path === path));
  return users.length > 0 && users.every((user) => /\/fake-partner\.ts$/.test(user.path));
}

const nestAtTheEdge: Rule = {
  says: 'Nest appears in apps and in the *.module.ts of a library',
  breaches: (project) => project.sources.filter(({ path }) => /^(libs|config)\//.test(path) && !path.endsWith('.module.ts')).flatMap(({ path, imports }) =>
    imports.filter(({ specifier }) => specifier.startsWith('@nestjs/')).map(({ specifier }) => `${path}: imports ${specifier}`)),
  planted: {
    files: { 'libs/dispatch/dispatcher.ts': `import { Injectable } from '@nestjs/common';`, 'libs/dispatch/dispatch.module.ts': `import { Module } from '@nestjs/common';`, 'apps/api/main.ts': `import '@nestjs/core';` },
    found: ['libs/dispatch/dispatcher.ts: imports @nestjs/common'],
  },
};

const aliasesAcross: Rule = {
  says: 'across rooms imports go by alias, inside one by relative path',
  breaches: (project) => wrongImports(project, /^libs\//, (from, to, specifier) => {
    const inside = roomOf(from) === roomOf(to);
    if (specifier.startsWith('#') && inside) return 'by alias although it lies in the same room';
    return specifier.startsWith('.') && !inside && !to.startsWith('tests/') ? 'by relative path although it lies in another room' : undefined;
  }),
  planted: {
    files: { 'libs/alerts/area.ts': `import '#alerts/polygon.js';\nimport '../kernel/errors.js';\nimport './calendar.js';` },
    found: ['libs/alerts/area.ts: imports libs/alerts/polygon.ts, by alias although it lies in the same room', 'libs/alerts/area.ts: imports libs/kernel/errors.ts, by relative path although it lies in another room'],
  },
};

const noCycles: Rule = {
  says: 'no file imports itself in a circle',
  breaches: (project) => circles(project).map((circle) => `${circle[0]!}: imports itself through ${[...circle.slice(1), circle[0]!].join(' -> ')}`),
  planted: {
    files: {
      'libs/alerts/a.ts': `import { b } from './b.js';`,
      'libs/alerts/b.ts': `import { c } from './c.js';`,
      'libs/alerts/c.ts': `import { a } from './a.js';`,
      'libs/alerts/d.ts': `import type { E } from './e.js';`,
      'libs/alerts/e.ts': `import { d } from './d.js';`,
    },
    found: ['libs/alerts/a.ts: imports itself through libs/alerts/b.ts -> libs/alerts/c.ts -> libs/alerts/a.ts'],
  },
};

/** Circles of imports that are there at run time; each is found once. */
function circles(project: Project): string[][] {
  const found: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const way: string[] = [];
  const visit = (path: string): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      found.push(way.slice(way.indexOf(path)));
      return;
    }
    const source = project.source(path);
    if (!source) return;
    state.set(path, 'open');
    way.push(path);
    for (const next of project.imports(source)) if (!next.typeOnly) visit(next.path);
    way.pop();
    state.set(path, 'done');
  };
  for (const { path } of project.sources) visit(path);
  return found;
}

export const importRules: readonly Rule[] = [direction, noAppsInLibs, configKnowsLittle, channelsApart, appsApart, fakesStayOut, outwardsJudged, nestAtTheEdge, aliasesAcross, noCycles];
