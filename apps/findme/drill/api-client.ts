import { totpAt } from '#identity/totp.js';

/** Somebody who can sign in. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Base32. */
  readonly totpSecret: string;
}

/** An answer that is no success: the problem document's code, fields and rules. */
export class ProblemAnswer extends Error {
  constructor(readonly status: number, readonly code: string, readonly faults: readonly { field: string; rule: string }[]) {
    super(`${status} ${code}${faults.map((f) => `\n  ${f.field ? `${f.field}: ` : ''}${f.rule}`).join('')}`);
    this.name = 'ProblemAnswer';
  }
}

const STEP_MS = 30_000;
/** How long a code is still taken after it was made, at the least: on a busy machine it may be judged seconds later. */
const LASTS_MS = 10_000;
const BUSY_TRIES = 20;
const BUSY_PAUSE_MS = 1_000;

/** The public HTTP API as a person with a browser and an authenticator uses it. */
export class ApiClient {
  private cookie = '';
  private lastStep = 0;

  constructor(private readonly address: string, private readonly who?: Credentials) {}

  /** Signs in with password and second factor. */
  async signIn(): Promise<void> {
    const { user, password } = this.credentials;
    // Somebody who signed in as the same officer a moment ago has used the code up: then the one after it.
    const enter = async () => this.send('POST', '/v1/session', { userName: user, password, code: await this.code() });
    const again = (error: unknown) => {
      if (error instanceof ProblemAnswer && error.code === 'CODE_REPLAYED') return enter();
      throw error;
    };
    const response = await enter().catch(again).catch(again);
    this.cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  }

  /** The earliest one-time code that was not used yet and is good for so long; waits for the next one when those at hand are used up. */
  async code(lastsMs = LASTS_MS): Promise<string> {
    for (;;) {
      // Taken in its own step and in those beside it (RFC 6238, section 5.2).
      const lasting = Math.ceil((Date.now() + lastsMs) / STEP_MS) - 2;
      const step = Math.max(this.lastStep + 1, lasting);
      if (step <= Math.floor(Date.now() / STEP_MS) + 1) {
        this.lastStep = step;
        return totpAt(this.credentials.totpSecret, new Date(step * STEP_MS));
      }
      await new Promise((resolve) => setTimeout(resolve, (step - 1) * STEP_MS - Date.now()));
    }
  }

  /** Reads JSON; asks again while the other side says that it is busy (503), which a reader may. */
  async get<T>(path: string): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await (await this.send('GET', path)).json()) as T;
      } catch (error) {
        if (!(error instanceof ProblemAnswer) || error.status !== 503 || attempt === BUSY_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
      }
    }
  }

  /** Reads a list to its end, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    let next: string | null = null;
    do {
      const page: { items: T[]; next: string | null } = await this.get(`${path}?limit=1000${next === null ? '' : `&cursor=${next}`}`);
      all.push(...page.items);
      next = page.next;
    } while (next !== null);
    return all;
  }

  /** Sends JSON; `headers` for `if-match` and `idempotency-key`. */
  async post<T>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<T> {
    return (await (await this.send('POST', path, body, headers)).json()) as T;
  }

  async put<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
    return (await (await this.send('PUT', path, body, headers)).json()) as T;
  }

  /** Sends a request and returns what came back; throws a ProblemAnswer for anything but success. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const binary = body instanceof Uint8Array;
    const response = await fetch(new URL(path, this.address), {
      method,
      redirect: 'error',
      headers: { ...(body !== undefined && !binary && { 'content-type': 'application/json' }), ...(this.cookie && { cookie: this.cookie }), ...headers },
      ...(body !== undefined && { body: binary ? new Uint8Array(body) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { code?: string; faults?: { field: string; rule: string }[] };
    throw new ProblemAnswer(response.status, problem.code ?? 'no problem document', problem.faults ?? []);
  }

  private get credentials(): Credentials {
    if (!this.who) throw new Error('this client signs in as nobody');
    return this.who;
  }
}
