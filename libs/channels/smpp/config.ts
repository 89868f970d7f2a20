import { z } from 'zod';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Reached } from '#dispatch/channel.js';
import { loadNumbers, numbersOf, SMS } from './numbers.js';

const ascii = (max: number) => z.string().regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces').max(max);

const distributionList = z.strictObject({
  kind: z.literal('distribution-list'),
  /** The operator's name of its list (`dl_name`): the numbers never leave the operator. */
  name: ascii(20),
  /** `one`: the operator reports once when it has served the list. `none`: it never reports, and nothing is awaited. */
  receipts: z.enum(['one', 'none']).default('one'),
});

const numberList = z.strictObject({
  kind: z.literal('numbers'),
  /** Opted-in numbers, one a line, in international form. Read at start. */
  file: z.string().min(1),
  /** Numbers in one part: each part is a delivery of its own with its own attempts. */
  partSize: z.int().min(1).max(10_000).default(1_000),
});

const subscribers = z.strictObject({
  kind: z.literal('subscribers'),
  /** Parts of a delivery, each with its own attempts. May grow while no alert is active. */
  shards: z.int().min(1).max(256).default(8),
  /** `nearest`: who named a district near the disappearance first. `any`: as they come, for an operator that wants no order. */
  order: z.enum(['nearest', 'any']).default('nearest'),
  /** Milliseconds for one part. */
  partMs: z.int().min(5_000).max(7_200_000).default(1_800_000),
});

/** Settings of one operator. Every length limit is that of SMPP 3.4, section 5.2. */
export const settingsSchema = z
  .strictObject({
    host: z.string().min(1).max(253),
    port: z.int().min(0).max(65_535).default(2775),
    /** TLS with the certificate verified against `host` (the protocol itself knows none). */
    tls: z.boolean().default(false),
    systemId: ascii(15),
    /** Name of the secret that holds the password. */
    password: z.string().min(1),
    systemType: ascii(12).optional(),
    /** Transceiver binds kept open. */
    binds: z.int().min(1).max(8).default(1),
    /** Unanswered messages on one bind. */
    window: z.int().min(1).max(1_000).default(10),
    /** Messages (segments) a second over all binds. */
    ratePerSecond: z.number().min(1).max(1_000_000).default(100),
    /** Sender as the phone shows it. Type 5 with plan 0 is a name, 1 with 1 an international number (section 5.2.5). */
    source: z.strictObject({ address: ascii(20), ton: z.int().min(0).max(6).default(5), npi: z.int().min(0).max(18).default(0) }),
    audience: z.discriminatedUnion('kind', [distributionList, numberList, subscribers]),
    /** One message in each of these; subscribers get one in a language of their own. */
    languages: z.array(z.enum(LANGUAGES)).min(1).max(LANGUAGES.length).refine((all) => new Set(all).size === all.length, 'each language once').default(['sr-Latn']),
    /** SMS parts of one message; a text that needs more is refused, never shortened. */
    maxSegments: z.int().min(1).max(10).default(4),
    /** priority_flag, 0 (bulk) to 3 (very urgent), section 5.2.14. */
    priority: z.int().min(0).max(3).default(3),
    /** Tag of the vendor parameter that carries our key (section 5.3.2, 0x1400 to 0x3FFF); null sends none. */
    keyTlv: z.int().min(0x1400).max(0x3fff).nullable().default(0x1410),
    /** Questions about messages whose receipts do not come (`query_sm`), and how long after is asked first; null asks nothing. */
    query: z.strictObject({ perSecond: z.number().min(0.1).max(100).default(5), afterSeconds: z.number().min(0).max(3_600).default(60) }).nullable().prefault({}),
    /** The operator promises: the same key to the same destination again has no further effect. */
    deduplicates: z.boolean().default(false),
    enquireLinkSeconds: z.number().min(1).max(3_600).default(30),
    /** Patience with one answer, with a connection, and with throttling that takes nothing. */
    timeoutMs: z.int().min(10).max(120_000).default(10_000),
  })
  .superRefine((settings, context) => {
    if (settings.deduplicates && settings.keyTlv === null) {
      context.addIssue({ code: 'custom', path: ['deduplicates'], message: 'an operator can only de-duplicate by a key that is sent: set keyTlv' });
    }
    if (settings.audience.kind !== 'numbers') return;
    for (const fault of loadNumbers(settings.audience.file).faults) context.addIssue({ code: 'custom', path: ['audience', 'file'], message: fault });
  });

export type SmppSettings = z.output<typeof settingsSchema>;
export type Subscribers = z.output<typeof subscribers>;

const namesFile = z.object({ audience: z.object({ file: z.string() }) });

/** The file that settings name, which need not be right. */
export function filesIn(settings: unknown): readonly string[] {
  const read = namesFile.safeParse(settings);
  return read.success ? [read.data.audience.file] : [];
}

/** The languages that may leave through this operator. */
export function languagesOf({ audience, languages }: SmppSettings): readonly Language[] {
  return audience.kind === 'subscribers' ? LANGUAGES : languages;
}

/** Whether a receipt is expected for every message that is taken. */
export function expectsReceipts({ audience }: SmppSettings): boolean {
  return audience.kind !== 'distribution-list' || audience.receipts === 'one';
}

/** In how many parts a notice goes to the audience: one list, or so many numbers at a time. */
export function partsOf({ audience }: SmppSettings): number {
  if (audience.kind === 'distribution-list') return 1;
  if (audience.kind === 'subscribers') return audience.shards;
  return Math.max(1, Math.ceil(numbersOf(audience.file).length / audience.partSize));
}

/** Whom it reaches; nothing for the operator's own list, which only the operator can count. */
export function reaches({ audience }: SmppSettings): Reached | undefined {
  if (audience.kind === 'subscribers') return { members: SMS };
  return audience.kind === 'numbers' ? { people: numbersOf(audience.file).length } : undefined;
}

/** Where a part goes: the name of a list, or the numbers of the file. Empty when there is no such part; subscribers are read as they are told. */
export function targetsOf({ audience }: SmppSettings, part: number): readonly Target[] {
  if (audience.kind === 'distribution-list') return part === 0 ? [{ list: audience.name }] : [];
  if (audience.kind === 'subscribers') return [];
  return numbersOf(audience.file).slice(part * audience.partSize, (part + 1) * audience.partSize).map((number) => ({ number }));
}

/** One destination of a submission. */
export type Target = { readonly list: string } | { readonly number: string };
