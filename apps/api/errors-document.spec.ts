import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#config/project-root.js';
import { ERRORS, type ErrorEntry } from '#kernel/errors.js';
import { STATUS } from './problem.js';

describe('docs/errors.md', () => {
  const lines = readFileSync(join(projectRoot, 'docs', 'errors.md'), 'utf8').split('\n').filter((line) => line.startsWith('| `'));

  it('is the error table, row by row', () => {
    const table = Object.entries<ErrorEntry>(ERRORS).map(([code, { kind, retry, rule }]) => `| \`${code}\` | ${String(STATUS[kind])} | ${kind} | ${retry} | ${rule} |`);
    expect(lines).toEqual(table);
  });

  it('writes rules as whole sentences that fit a table', () => {
    for (const { rule } of Object.values<ErrorEntry>(ERRORS)) expect(rule).toMatch(/^[A-Z][^|\n]+\.$/);
  });
});
