import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { projectRoot } from '#config/project-root.js';
import { readSource, type Source } from './source.js';

/** A set of files with their texts and the graph of their imports: this project, or a planted one. */
export class Project {
  readonly sources: readonly Source[];
  private readonly byPath: ReadonlyMap<string, Source>;

  /** `texts` by path from the project's folder, with `/`. */
  constructor(readonly texts: ReadonlyMap<string, string>) {
    this.sources = [...texts].filter(([path]) => /\.tsx?$/.test(path)).map(([path, text]) => readSource(path, text));
    this.byPath = new Map(this.sources.map((source) => [source.path, source]));
  }

  source(path: string): Source | undefined {
    return this.byPath.get(path);
  }

  /** Paths of files below a folder that match. */
  paths(pattern: RegExp): string[] {
    return [...this.texts.keys()].filter((path) => pattern.test(path));
  }

  /** The project's files that a file imports, as paths; those of packages are left out. */
  imports(source: Source): { path: string; specifier: string; typeOnly: boolean }[] {
    return source.imports.flatMap(({ specifier, typeOnly }) => {
      const path = this.screenOr(resolve(source.path, specifier));
      return path === undefined ? [] : [{ path, specifier, typeOnly }];
    });
  }

  /** A specifier does not say whether its source is `.ts` or `.tsx`. */
  private screenOr(path: string | undefined): string | undefined {
    return path !== undefined && !this.texts.has(path) && this.texts.has(`${path}x`) ? `${path}x` : path;
  }
}

const ALIAS = /^#([a-z]+)\/(.*)\.js$/;

/** The source that a specifier means, as a path; undefined for a package or a module of Node. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(from), specifier).replace(/\.js$/, '.ts');
  const [, room, rest] = ALIAS.exec(specifier) ?? [];
  if (room === undefined || rest === undefined) return undefined;
  return `${room === 'config' || room === 'apps' ? room : `libs/${room}`}/${rest}.ts`;
}

const FOLDERS = ['apps', 'libs', 'config', 'tests', 'docs'];
const READ = /\.(tsx?|mjs|sql|md|json|yaml)$/;

/** The project as it lies on disk, whether git knows the files yet or not. */
export function readProject(): Project {
  const texts = new Map<string, string>();
  for (const folder of FOLDERS) {
    for (const entry of readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(projectRoot.length + 1);
      if (entry.isFile() && READ.test(entry.name)) texts.set(path, readFileSync(join(projectRoot, path), 'utf8'));
    }
  }
  texts.set('package.json', readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  return new Project(texts);
}

/** A small project made up by a test. */
export const planted = (files: Readonly<Record<string, string>>): Project => new Project(new Map(Object.entries(files)));
