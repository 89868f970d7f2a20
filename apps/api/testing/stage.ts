import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import type { House } from '#apps/composition.js';
import { PartnerBook } from '#apps/partner-book.js';
import { catalog } from '#channels/catalog.js';
import { parseConfiguration } from '#config/configuration.js';
import { FixedClock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds } from '#kernel/ids.js';
import type { Log, LogEvents } from '#kernel/log.js';
import { SYSTEM } from '#audit/fact.js';
import { Composer } from '#alerts/compose.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { Accounts } from '#identity/accounts.js';
import type { Role } from '#identity/officer.js';
import { Passwords } from '#identity/password.js';
import { totpAt } from '#identity/totp.js';
import { PgAlertStore } from '#storage/alert-store.js';
import { PgAudience } from '#storage/audience-store.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase, rows } from '#storage/database.js';
import { PgDeliveryStore } from '#storage/delivery-store.js';
import { OutgoingRules } from '#dispatch/outgoing.js';
import { PgDestinationStore } from '#storage/destination-store.js';
import { PgSecretStore } from '#storage/secret-store.js';
import { PgOfficerStore, PgSessionStore, PgThrottleStore } from '#storage/officer-store.js';
import { freshDatabase } from '../../../tests/support/database.js';
import { partsOf, type Parts } from '../parts.js';
import { createApi } from '../server.js';
import type { ReadingLimits } from '../slow-readers.js';

/** Officers of the stage, fictional; their user names. */
export const OFFICERS = { mila: ['author'], ana: ['author'], vuk: ['author', 'approver'], iva: ['approver'], rada: ['auditor'], uros: ['administrator'], una: ['administrator'], petar: ['partner'], paja: ['partner'] } as const satisfies Record<string, readonly Role[]>;
export type Name = keyof typeof OFFICERS;

/** Of every officer of the stage. */
export const PASSWORD = 'izmišljena rečenica 27';

export const CONFIGURATION = `
sender: proba@findme.example
destinations:
  - { id: operator, name: Operater, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: operator-password, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI }, maxSegments: 6 } }
  - { id: operator-live, name: Operater, channel: smpp, mode: live, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: operator-password, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI } } }
`;

/** What an answer is, as far as the specs look at it. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  readonly bytes: Buffer;
  /** The body of a JSON answer. */
  readonly json: Record<string, never> & { readonly [name: string]: unknown };
}

export interface Ask {
  readonly as?: Name;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the partners of the stage answer for, unless a spec says otherwise. */
const BOUND: Partial<Record<Name, readonly string[]>> = { petar: ['operator'], paja: ['operator-live'] };

export interface StageOptions {
  readonly configuration?: string;
  readonly secret?: (name: string) => string;
  readonly bound?: Partial<Record<Name, readonly string[]>>;
  /** Ports on loopback where partners of the spec listen that are not simulated; may grow. */
  readonly tunnels?: readonly number[];
  /** Connections to the database at most. */
  readonly poolSize?: number;
  /** How long readers have for an answer; as in service when left out. */
  readonly reading?: Partial<ReadingLimits>;
}

/** The API over a real database, with officers, a clock that stands still, and a log to look into. */
export class Stage {
  private readonly cookies = new Map<Name, string>();
  readonly logged: { readonly name: string; readonly fields: object }[] = [];

  private constructor(
    readonly app: NestFastifyApplication,
    readonly parts: Parts,
    readonly clock: FixedClock,
    private readonly secrets: ReadonlyMap<Name, string>,
    /** As the superuser, who may do all. */
    readonly ownerUrl: string,
    private readonly closing: () => Promise<void>,
  ) {}

  /** `secret` reads by name; `configuration` is YAML; `bound` is what its partners answer for. */
  static async open({ configuration = CONFIGURATION, secret = () => 'secret', bound = BOUND, tunnels = [], poolSize = 10, reading }: StageOptions = {}): Promise<Stage> {
    const database = await freshDatabase();
    const source = await openDatabase({ url: database.appUrl, name: 'api spec', poolSize });
    const owner = await openDatabase({ url: database.ownerUrl, name: 'api spec owner' });
    const clock = new FixedClock('2026-11-24T18:00:00Z');
    const masterKey = MasterKey.of(randomBytes(32));
    const keys = new CaseKeys(masterKey);
    const logged: { name: string; fields: object }[] = [];
    const log: Log = { event: <Name extends keyof LogEvents>(name: Name, fields: LogEvents[Name]) => void logged.push({ name, fields }) };
    const seed = parseConfiguration(configuration, catalog);
    const { hostname, port } = new URL(database.appUrl);
    const outgoing = await OutgoingRules.open({ ...seed.outgoing, tunnels, own: [{ host: hostname, port: Number(port) }] });
    const book = await PartnerBook.open({ seed: seed.destinations, secret, secrets: new PgSecretStore(source, masterKey, clock, randomIds), stored: new PgDestinationStore(source), outgoing, files: seed.files, clock, log });
    const house: House = {
      environment: {
        DATABASE_URL: database.appUrl, PORT: 0, HOST: '127.0.0.1', FINDME_PUBLIC_URL: 'http://localhost:3000', FINDME_CONFIG: '-', FINDME_SECRETS: '-', FINDME_PROBE_SECONDS: 10,
        FINDME_ERASE_AFTER_HOURS: 72, FINDME_DISPATCHER_PORT: 0, FINDME_PARTNERS_PORT: 0,
      },
      secret, configuration: book.over(seed), book, outgoing, source, masterKey, clock, ids: randomIds, log,
      alerts: new PgAlertStore(source, keys, randomIds), deliveries: new PgDeliveryStore(source, keys, clock, randomIds),
      audience: new PgAudience(source, masterKey, clock, randomIds, log),
      composer: new Composer({ publicUrl: 'http://localhost:3000' }), close: () => source.destroy(),
    };
    // Cheap hashes: what they cost is not the matter here.
    const passwords = new Passwords({ cost: { ln: 10, r: 8, p: 1 } });
    // Officers are added as the database's owner, as the command line does.
    const desk = new Accounts({
      officers: new PgOfficerStore(owner), sessions: new PgSessionStore(owner), throttle: new PgThrottleStore(owner), passwords, masterKey, clock, ids: randomIds,
    });
    const secrets = new Map<Name, string>();
    for (const [userName, roles] of Object.entries(OFFICERS) as unknown as [Name, Role[]][]) {
      secrets.set(userName, (await desk.add({ userName, displayName: `${userName} (izmišljena)`, roles, password: PASSWORD, ...(bound[userName] && { destinations: bound[userName] }) }, SYSTEM)).totpSecret);
    }
    await owner.destroy();
    const parts = partsOf(house, passwords);
    const app = await createApi(parts, undefined, reading);
    const stage = new Stage(app, parts, clock, secrets, database.ownerUrl, async () => {
      await app.close();
      await house.close();
      await database.drop();
    });
    (stage as { logged: typeof logged }).logged = logged;
    return stage;
  }

  close(): Promise<void> {
    return this.closing();
  }

  /** A code nobody has used: time goes on by one step. */
  freshCode(name: Name): string {
    this.clock.advance(30_000);
    return totpAt(this.secrets.get(name)!, this.clock.now());
  }

  /** Signs in and keeps the cookie; once for each officer. */
  async signIn(name: Name): Promise<string> {
    const known = this.cookies.get(name);
    if (known) return known;
    const answer = await this.ask('POST', '/v1/session', { body: { userName: name, password: PASSWORD, code: this.freshCode(name) } });
    const cookie = String(answer.headers['set-cookie']).split(';')[0]!;
    this.cookies.set(name, cookie);
    return cookie;
  }

  /** Signs in again: time went on, and their sessions are over. */
  async renew(...names: readonly Name[]): Promise<void> {
    for (const name of names) {
      this.cookies.delete(name);
      await this.signIn(name);
    }
  }

  /** Asks the API; Buffers go as pictures, everything else as JSON. */
  async ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, { as, body, headers = {} }: Ask = {}): Promise<Told> {
    const cookie = as && (await this.signIn(as));
    const picture = Buffer.isBuffer(body);
    const answer = await this.app.inject({
      method, url,
      headers: { ...(cookie && { cookie }), ...(body !== undefined && { 'content-type': picture ? 'image/jpeg' : 'application/json' }), ...headers },
      ...(body !== undefined && { payload: picture ? body : typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return {
      status: answer.statusCode, headers: answer.headers, text: answer.body, bytes: answer.rawPayload,
      get json() { return JSON.parse(answer.body) as Told['json']; },
    };
  }

  /** The secret of an officer's second factor. */
  totpSecret(name: Name): string {
    return this.secrets.get(name)!;
  }

  /** A drill alert in draft, by mila. */
  async written(): Promise<{ readonly id: string; readonly path: string }> {
    const { json } = await this.ask('POST', '/v1/drill/alerts', { as: 'mila', body: sampleContent() });
    return { id: String(json['id']), path: `/v1/drill/alerts/${String(json['id'])}` };
  }

  /** Submits and returns the hash to approve. */
  async submitted(path: string): Promise<string> {
    const { json } = await this.ask('POST', `${path}/submit`, { as: 'mila' });
    return (json as unknown as { proposal: { contentHash: string } }).proposal.contentHash;
  }

  /** A statement as the database's owner. */
  async sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.ownerUrl });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** How many rows there are of what an officer's request could leave behind. */
  async rowCounts(): Promise<Record<string, number>> {
    const [row] = await rows<Record<string, number>>(this.parts.house.source,
      `SELECT (SELECT count(*)::integer FROM alerts) AS alerts, (SELECT count(*)::integer FROM revisions) AS revisions, (SELECT count(*)::integer FROM photos) AS photos,
              (SELECT count(*)::integer FROM outbox) AS outbox, (SELECT count(*)::integer FROM answered_requests) AS answered,
              (SELECT count(*)::integer FROM facts WHERE type LIKE 'alert.%' OR type LIKE 'revision.%' OR type LIKE 'photo.%') AS facts`);
    return row!;
  }
}
