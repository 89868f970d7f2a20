import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FACT_BODIES } from '#audit/fact.js';
import { projectRoot } from '#config/project-root.js';

/** The kinds of fact that have a sentence, as the source has them. */
const toldIn = (source: string): string[] => [...source.matchAll(/^ {2}'([a-z_]+\.[a-z_]+)': /gm)].map(([, type]) => type!);

describe('what the console says of facts', () => {
  it('has a sentence for every kind of fact, and for none that does not exist', () => {
    const told = toldIn(readFileSync(join(projectRoot, 'apps/console/facts/sentences.ts'), 'utf8'));
    expect([...told].sort()).toEqual(Object.keys(FACT_BODIES).sort());
  });

  it('is looked for where it stands', () => {
    expect(toldIn(`const SENTENCES = {\n  'alert.created': () => say('…'),\n    'alert.found': nested\n};`)).toEqual(['alert.created']);
  });
});
