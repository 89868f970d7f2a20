import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';
import { LEAST_SECONDS } from '#alerts/speech.js';

/** AMCP knows no password: whoever reaches it commands the playout. So it is reached on loopback, or through a tunnel that ends there. */
const loopback = z.enum(['127.0.0.1', '::1', 'localhost']);
const layer = z.int().min(0).max(9_999);

/** Settings of a television whose graphics are played by CasparCG. */
export const casparcgSettings = z.strictObject({
  host: loopback.default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(5250),
  /** Video channel that is on the air. */
  videoChannel: z.int().min(1).max(99).default(1),
  /** Layer of the full-screen card, above everything else; the voice and the crawl take the next two. */
  layer: layer.default(900),
  /** Folder of media that the playout reads, as we see it, and as its commands name it. */
  folder: z.string().regex(/^[A-Za-z0-9._/-]{1,200}$/, 'letters, digits, dots, hyphens and slashes'),
  mediaPrefix: z.string().regex(/^[A-Za-z0-9_/-]{0,100}$/).default('FINDME/'),
  /** Template that runs the crawl (CG ADD), which gets the text as the field `f0`; no crawl when left out. */
  crawlTemplate: z.string().regex(/^[A-Za-z0-9_/-]{1,100}$/).optional(),
  language: z.enum(LANGUAGES).default('sr-Latn'),
  framesPerSecond: z.int().min(24).max(60).default(25),
  /** Seconds on the air at least; as long as the voice speaks, if that is longer. */
  seconds: z.int().min(LEAST_SECONDS + 1).max(120).default(LEAST_SECONDS + 5),
  /** Milliseconds for one command. */
  timeoutMs: z.int().min(100).max(60_000).default(5_000),
  /** The playout is played by the house, and its time runs so many times as fast. */
  simulated: z.strictObject({ speed: z.int().min(1).max(1_000).default(1) }).optional(),
});

export type CasparcgSettings = z.infer<typeof casparcgSettings>;
/** What may be written before defaults are filled in. */
export type CasparcgSettingsInput = z.input<typeof casparcgSettings>;
