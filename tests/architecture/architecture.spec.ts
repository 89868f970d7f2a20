import { importRules } from './import-rules.js';
import { planted, readProject } from './project.js';
import { roomRules } from './room-rules.js';
import { wordRules } from './word-rules.js';

const project = readProject();

describe.each([...importRules, ...roomRules, ...wordRules])('$says', (rule) => {
  it('holds in this project', () => {
    expect(rule.breaches(project)).toEqual([]);
  });

  it('is seen broken where it was broken on purpose', () => {
    expect(rule.breaches(planted(rule.planted.files)).sort()).toEqual([...rule.planted.found].sort());
  });
});

it('reads the whole project', () => {
  expect(project.sources.length).toBeGreaterThan(100);
  for (const source of project.sources) {
    for (const { path, specifier } of project.imports(source)) expect([specifier, path.endsWith('.json') || project.texts.has(path) || path.endsWith('.mjs')]).toEqual([specifier, true]);
  }
});
