import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';

/** Telnet of Liquidsoap knows no password: whoever reaches it commands the station. So it is reached on loopback, or through a tunnel that ends there. */
const loopback = z.enum(['127.0.0.1', '::1', 'localhost']);
/** A folder whose name needs no quoting in a Liquidsoap command. */
const folder = z.string().regex(/^[A-Za-z0-9._/-]{1,200}$/, 'letters, digits, dots, hyphens and slashes');

/** Settings of a radio whose playout is Liquidsoap. */
export const liquidsoapSettings = z.strictObject({
  host: loopback.default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(1234),
  /** Name of the request queue that stands in front of the programme. */
  queue: z.string().regex(/^[A-Za-z0-9_]{1,40}$/).default('alert'),
  /** Where the spoken notice is written, for the playout to read. */
  folder,
  /** The same folder as the playout sees it; the same path when left out. */
  folderAtPlayout: folder.optional(),
  /** Spoken one after the other. */
  languages: z.array(z.enum(LANGUAGES)).min(1).max(LANGUAGES.length).refine((all) => new Set(all).size === all.length, 'each language once').default(['sr-Latn']),
  /** Letters of speech in one language: 1,500 are about two minutes. A notice that is longer is refused, never shortened. */
  longestText: z.int().min(200).max(10_000).default(1_500),
  /** Requests that may wait in the queue before ours; with more, the station is asked again later. */
  deepestQueue: z.int().min(1).max(100).default(5),
  /** Milliseconds for one command. */
  timeoutMs: z.int().min(100).max(60_000).default(5_000),
  /** The station is played by the house, and its time runs so many times as fast. */
  simulated: z.strictObject({ speed: z.int().min(1).max(1_000).default(1) }).optional(),
});

export type LiquidsoapSettings = z.infer<typeof liquidsoapSettings>;
/** What may be written before defaults are filled in. */
export type LiquidsoapSettingsInput = z.input<typeof liquidsoapSettings>;
