import type { Language } from '../language.js';

/** Both scripts beside each other, then English. */
export const LANGUAGES: readonly Language[] = ['sr-Latn', 'sr-Cyrl', 'en'];
