import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '#config/project-root.js';
import { ERRORS } from '#kernel/errors.js';
import { readProject } from './project.js';

/** The project's own documents: those at the top, those in docs/ and those beside the code. */
const documents = [...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map((path) => [path, readFileSync(join(projectRoot, path), 'utf8')] as const), ...[...readProject().texts].filter(([path]) => path.endsWith('.md'))];

/** Every match of a pattern's first group in the documents that `wrong` finds fault with, as `document: match`. */
function faults(pattern: RegExp, wrong: (found: string, document: string) => boolean): string[] {
  return documents.flatMap(([path, text]) => [...text.matchAll(pattern)].map((match) => match[1]!).filter((found) => wrong(found, path)).map((found) => `${path}: ${found}`));
}

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string): string => heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\- ]/gu, '').replaceAll(' ', '-');

describe('the documents', () => {
  it('link to files and headings that are there', () => {
    expect(faults(/\]\((?!https?:)([^)\s]+)\)/g, (link, document) => {
      const [file, anchor] = link.split('#') as [string, string?];
      const target = file === '' ? join(projectRoot, document) : join(projectRoot, dirname(document), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && ![...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].some((heading) => anchorOf(heading[1]!) === anchor);
    })).toEqual([]);
  });

  it('name commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    expect(faults(/npm run ([a-z-]+)/g, (name) => scripts[name] === undefined)).toEqual([]);
  });

  it('name variables of the environment that are read', () => {
    const read = new Set(readProject().sources.filter(({ path }) => /^(config|apps)\//.test(path)).flatMap(({ bare, strings }) => [...(bare.match(/\bFINDME_[A-Z_]+\b/g) ?? []), ...strings]));
    expect(faults(/\b(FINDME_[A-Z_]+)\b/g, (name) => !read.has(name))).toEqual([]);
  });

  it('name files of the project that are there', () => {
    expect(faults(/`((?:apps|libs|config|tests|docs)\/[A-Za-z0-9./-]+)`/g, (path) => !existsSync(join(projectRoot, path)) && !path.startsWith('libs/channels/ferry-screens'))).toEqual([]);
  });

  it('name refusals of the table', () => {
    const codes = Object.keys(ERRORS);
    const prefixes = new Set(codes.map((code) => code.split('_')[0]));
    expect(faults(/`([A-Z]{3,}(?:_[A-Z]+)+)`/g, (word) => prefixes.has(word.split('_')[0]) && !codes.includes(word))).toEqual([]);
  });
});
