import { z } from 'zod';
import { sha256Hex } from '#kernel/canonical.js';
import type { DestinationId } from '#kernel/ids.js';
import { LANGUAGES } from '#alerts/content.js';
import { contentHashOf, type Notice } from '#alerts/notice.js';
import type { Channel, Connection, Destination, Line, Message, Outcome, Preview, Receipt } from '../channel.js';
import { contractChecks } from './contract-checks.js';
import type { ContractHarness } from './contract.js';
import type { Faults, FakePartner, LedgerEntry } from './fake-partner.js';
import { CANARY_NAMES, sampleEnding, sampleMessage, sampleNotice, samplePhoto, sampleUpdate } from './sample-notice.js';

/** An honest partner and channel in memory: pigeons between two roofs. Lies are told by changing one method. */
class Loft implements FakePartner {
  readonly port = 1;
  readonly ledger: LedgerEntry[] = [];
  faults: Faults = {};
  up = true;
  setFaults(faults: Faults): void {
    this.faults = faults;
  }
  async waitFor(): Promise<readonly LedgerEntry[]> {
    return this.ledger;
  }
  async close(): Promise<void> {
    this.up = false;
  }
}

interface Roof {
  loft: string;
  secretName: string;
}

const lofts = new Map<string, Loft>();
const LIMIT = 2_000;

class Pigeon implements Connection {
  private readonly flights = new Set<AbortController>();

  constructor(
    protected readonly loft: Loft,
    protected readonly destination: Destination<Roof>,
    protected readonly line: Line,
  ) {
    line.secret(destination.settings.secretName);
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.fly(message, 'publish', signal);
  }

  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.fly(message, 'withdraw', signal);
  }

  async probe(signal: AbortSignal) {
    return this.loft.up && !signal.aborted ? ({ well: true } as const) : ({ well: false, reason: 'away' } as const);
  }

  async close(): Promise<void> {
    for (const flight of this.flights) flight.abort();
  }

  protected write(message: Message, action: LedgerEntry['action']): void {
    const duplicate = this.loft.ledger.some((e) => e.key === message.key);
    this.loft.ledger.push({ key: message.key, identifier: message.notice.identifier, action, sha256: sha256Hex(message.key), duplicate, at: 0 });
  }

  protected async fly(message: Message, action: LedgerEntry['action'], signal: AbortSignal): Promise<Outcome> {
    const { faults, up } = this.loft;
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    if (!up) return { kind: 'deferred', reason: 'away' };
    if (faults.hang) return this.hang(signal);
    if (faults.latencyMs !== undefined) await new Promise((resolve) => setTimeout(resolve, faults.latencyMs));
    if (faults.error) return { kind: 'deferred', reason: 'error' };
    if (faults.refuse) return { kind: 'refused', reason: 'no' };
    if (faults.throttle) return { kind: 'deferred', reason: 'slow down', retryAfterMs: 10 };
    if (faults.reset) return { kind: 'uncertain', reason: 'reset' };
    this.write(message, action);
    if (faults.loseAcknowledgement || faults.rubbish) return { kind: 'uncertain', reason: 'no answer' };
    const receipt: Receipt = { destination: this.destination.id, receiptKey: `${message.key}/1`, about: { key: message.key }, stage: 'confirmed', word: 'landed' };
    if (action === 'publish' && !faults.noReceipts) {
      await this.line.receive(receipt);
      if (faults.duplicateReceipts) await this.line.receive(receipt);
    }
    return { kind: 'accepted', references: [`r-${message.key}`], expectedReceipts: action === 'publish' ? 1 : 0 };
  }

  private hang(signal: AbortSignal): Promise<Outcome> {
    const flight = new AbortController();
    this.flights.add(flight);
    return new Promise((done) => {
      const end = () => done({ kind: 'uncertain', reason: 'aborted' });
      signal.addEventListener('abort', end, { once: true });
      flight.signal.addEventListener('abort', end, { once: true });
    });
  }
}

function previewOf(notice: Notice): Preview[] {
  return LANGUAGES.map((language) => {
    const text = notice.texts[language].short;
    const long = text.length > LIMIT;
    return { language, encoding: 'UCS-2', text, length: text.length, limit: LIMIT, unit: 'code-units', segments: 1, faults: long ? [{ code: 'TEXT_TOO_LONG', field: language }] : [] };
  });
}

type Parts = { bird?: typeof Pigeon; preview?: Channel<Roof>['preview']; settings?: z.ZodType<Roof>; forgeReceipt?: ContractHarness<Roof>['forgeReceipt'] };

function harnessOf({ bird = Pigeon, preview = previewOf, settings = z.strictObject({ loft: z.string(), secretName: z.string() }), forgeReceipt }: Parts): ContractHarness<Roof> {
  return {
    channel: {
      kind: 'pigeon',
      settings,
      lapses: false,
      resend: () => 'safe',
      connectsTo: () => [], parts: () => 1,
      preview,
      open: (destination, line) => new bird(lofts.get(destination.settings.loft)!, destination, line),
    },
    async start() {
      const loft = new Loft();
      const name = `loft-${lofts.size}`;
      lofts.set(name, loft);
      return {
        partner: loft,
        destination: { id: 'roof-1' as DestinationId, name: 'Roof', channel: 'pigeon', mode: 'drill', settings: { loft: name, secretName: 'seed' } },
        secret: () => 'corn-and-barley',
        async restart() {
          loft.up = true;
          return loft;
        },
        async stop() {},
      };
    },
    ...(forgeReceipt && { forgeReceipt }),
  };
}

/** The sentences of the checks that a channel breaks. */
async function broken(parts: Parts): Promise<string[]> {
  const failures = await Promise.all(
    contractChecks(harnessOf(parts)).map((check) => check.run().then(() => [], () => [check.sentence])),
  );
  return failures.flat();
}

describe('the channel contract', () => {
  it('is kept by an honest channel', async () => {
    expect(await broken({ forgeReceipt: async () => true })).toEqual([]);
  });

  it('finds the channel that says accepted whatever came back', async () => {
    class Liar extends Pigeon {
      override async publish(message: Message, signal: AbortSignal): Promise<Outcome> {
        const outcome = await super.publish(message, signal);
        return { kind: 'accepted', references: [message.key], expectedReceipts: outcome.kind === 'accepted' ? 1 : 0 };
      }
    }
    const found = (await broken({ bird: Liar })).join('\n');
    for (const word of ['deferred', 'refused', 'rubbish', 'lost acknowledgement', 'hanging call', 'partner is away']) expect(found).toContain(word);
  });

  it('finds the channel that throws instead of answering', async () => {
    class Thrower extends Pigeon {
      override async publish(message: Message, signal: AbortSignal): Promise<Outcome> {
        if (this.loft.faults.error) throw new Error('500');
        return super.publish(message, signal);
      }
    }
    expect(await broken({ bird: Thrower })).toEqual(expect.arrayContaining([expect.stringContaining('passing error')]));
  });

  it('finds the channel that sends the same key twice with two effects', async () => {
    class Repeater extends Pigeon {
      protected override write(message: Message, action: LedgerEntry['action']): void {
        this.loft.ledger.push({ key: message.key, identifier: message.notice.identifier, action, sha256: '', duplicate: false, at: 0 });
      }
    }
    expect(await broken({ bird: Repeater })).toEqual([expect.stringContaining('same key twice')]);
  });

  it('finds the channel that waits for an earlier call before it withdraws, and the one that is deaf to its signal', async () => {
    class Queue extends Pigeon {
      private last: Promise<unknown> = Promise.resolve();
      protected override fly(message: Message, action: LedgerEntry['action'], signal: AbortSignal): Promise<Outcome> {
        const next = this.last.then(() => super.fly(message, action, signal));
        this.last = next;
        return next;
      }
    }
    class Deaf extends Pigeon {
      protected override fly(message: Message, action: LedgerEntry['action']): Promise<Outcome> {
        return super.fly(message, action, new AbortController().signal);
      }
    }
    // Both are found by a deadline, so they wait for it together.
    const [byQueue, byDeaf] = await Promise.all([broken({ bird: Queue }), broken({ bird: Deaf })]);
    expect(byQueue).toContain('withdraws while an earlier publication hangs, without waiting for it');
    expect(byDeaf).toEqual(expect.arrayContaining(['sends nothing when aborted beforehand: deferred', 'ends a hanging call at its signal: uncertain']));
  });

  it('finds the channel that does not wait for a slow partner', async () => {
    class Hasty extends Pigeon {
      override async publish(message: Message, signal: AbortSignal): Promise<Outcome> {
        const outcome = super.publish(message, signal);
        return this.loft.faults.latencyMs === undefined ? outcome : { kind: 'uncertain', reason: 'timeout' };
      }
    }
    expect(await broken({ bird: Hasty })).toEqual(['waits for a slow answer: accepted']);
  });

  it('finds a secret and a child\'s name in what is said', async () => {
    class Gossip extends Pigeon {
      override async publish(message: Message, signal: AbortSignal): Promise<Outcome> {
        const outcome = await super.publish(message, signal);
        if (outcome.kind === 'refused') return { kind: 'refused', reason: message.notice.texts.en.headline };
        if (outcome.kind === 'deferred') return { kind: 'deferred', reason: `login with ${this.line.secret('seed')} failed` };
        return outcome;
      }
    }
    expect(await broken({ bird: Gossip })).toEqual(expect.arrayContaining([expect.stringContaining('lasting error'), expect.stringContaining('passing error')]));
  });

  it('finds receipts that are counted wrong, keyed anew or forged', async () => {
    class Notary extends Pigeon {
      private count = 0;
      constructor(loft: Loft, destination: Destination<Roof>, line: Line) {
        super(loft, destination, { ...line, receive: (c) => line.receive({ ...c, receiptKey: `${this.count++}` }) });
      }
    }
    expect(await broken({ bird: Notary, forgeReceipt: async () => false })).toEqual(['gives a repeated receipt the same key', 'rejects a forged receipt']);

    class Braggart extends Pigeon {
      override async publish(message: Message, signal: AbortSignal): Promise<Outcome> {
        const outcome = await super.publish(message, signal);
        return outcome.kind === 'accepted' ? { ...outcome, expectedReceipts: 0 } : outcome;
      }
    }
    expect(await broken({ bird: Braggart })).toContain('hands over as many confirmations as it promised');
  });

  it('finds a preview that shortens silently, and a schema that takes anything', async () => {
    const found = await broken({
      preview: (notice) => previewOf(notice).map((p) => ({ ...p, text: p.text.slice(0, LIMIT), length: Math.min(p.length, LIMIT), faults: [] })),
      settings: z.any(),
    });
    expect(found).toEqual(expect.arrayContaining([expect.stringContaining('too long'), expect.stringContaining('settings')]));
  });

  it('finds the probe that publishes', async () => {
    class Prober extends Pigeon {
      override async probe(signal: AbortSignal) {
        if (this.loft.up) this.write(sampleMessage(), 'publish');
        return super.probe(signal);
      }
    }
    expect(await broken({ bird: Prober })).toContain('probes without publishing, and tells well from not well');
  });
});

describe('the sample notice', () => {
  it('is bound to its own hash and names the canary in both scripts', () => {
    const notice = sampleNotice();
    expect(notice.contentHash).toBe(contentHashOf(notice));
    expect(sampleNotice({ mode: 'live' }).texts.en.headline).not.toContain('DRILL');
    for (const name of CANARY_NAMES) expect(JSON.stringify(notice)).toContain(name);
    expect(sha256Hex(samplePhoto.bytes)).toBe(notice.photo?.sha256);
  });

  it('ends without a word about the child, and refers to what it ends', () => {
    const alert = sampleNotice();
    const update = sampleUpdate(alert);
    const ending = sampleEnding('found', update);
    expect(ending.contentHash).toBe(contentHashOf(ending));
    expect(ending.references.map((r) => r.identifier)).toEqual([alert.identifier, update.identifier]);
    for (const name of CANARY_NAMES) expect(JSON.stringify(ending)).not.toContain(name);
  });
});
