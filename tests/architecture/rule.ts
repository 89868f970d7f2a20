import type { Project } from './project.js';

/** A rule of the house. */
export interface Rule {
  /** The rule as a sentence. */
  readonly says: string;
  /** Every breach as `path: what is wrong`. */
  breaches(project: Project): string[];
  /** A small project that breaks it, and the breaches that must be found there. */
  readonly planted: { readonly files: Readonly<Record<string, string>>; readonly found: readonly string[] };
}

/** Code that shows or plays something and never runs in production. */
export const isTest = (path: string): boolean => path.startsWith('tests/') || path.endsWith('.spec.ts') || path.includes('/testing/');

/** The room of a library, `alerts` of `libs/alerts/alert.ts`. */
export const roomOf = (path: string): string | undefined => /^libs\/([^/]+)\//.exec(path)?.[1];
