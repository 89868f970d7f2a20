import { PlayoutTrouble, StrangeAnswer, type ControlLine } from '#dispatch/playout/control-line.js';
import { readMetadata } from './encode.js';

/** A request that the playout knows. */
export interface PlayoutRequest {
  readonly rid: string;
  /** `idle`, `resolving`, `ready`, `playing`; other words of the server as they are. */
  readonly status: string;
  /** Ours, if it is one of ours. */
  readonly key?: string;
  readonly alertId?: string;
  /** What it was pushed as. */
  readonly uri?: string;
}

const END = /(^|\n)END\r?\n$/;

/** The commands of a Liquidsoap server that an airing needs. Seen with Liquidsoap 2.1.3. */
export class Playout {
  constructor(private readonly line: ControlLine, private readonly queue: string) {}

  /** Requests that wait in the queue. */
  async waiting(): Promise<readonly string[]> {
    return ridsIn(known(await this.ask(`${this.queue}.queue`)));
  }

  /** Every request that there is: waiting, on air, and of other sources too. */
  async all(): Promise<readonly PlayoutRequest[]> {
    const found: PlayoutRequest[] = [];
    for (const rid of ridsIn(known(await this.ask('request.all')))) {
      const request = await this.request(rid);
      if (request) found.push(request);
    }
    return found;
  }

  /** What became of a request; undefined once it is over, and when it could not be played at all. */
  async request(rid: string): Promise<PlayoutRequest | undefined> {
    const answer = await this.ask(`request.metadata ${rid}`);
    if (/^No such request/.test(answer)) return undefined;
    const metadata = readMetadata(answer);
    const status = metadata.get('status');
    if (status === undefined) throw new StrangeAnswer();
    const [key, alertId, uri] = [metadata.get('alert_key'), metadata.get('alert_id'), metadata.get('initial_uri')];
    return { rid, status, ...(key !== undefined && { key }), ...(alertId !== undefined && { alertId }), ...(uri !== undefined && { uri }) };
  }

  /** Puts a request into the queue and returns its number, which a file that is missing gets as well. */
  async push(request: string): Promise<string> {
    const rid = known(await this.ask(`${this.queue}.push ${request}`)).trim();
    if (!/^\d{1,10}$/.test(rid)) throw new StrangeAnswer();
    return rid;
  }

  /** Takes off air what is, and empties the queue. */
  async flush(): Promise<void> {
    if (!/^Done/.test(known(await this.ask(`${this.queue}.flush_and_skip`)))) throw new StrangeAnswer();
  }

  /** The lines that answer a command, up to the last line `END`. */
  private ask(command: string): Promise<string> {
    return this.line.ask(`${command}\n`, (received) => (END.test(received) ? received.replace(END, '').replace(/[\r\n]+$/, '') : undefined));
  }
}

/** An answer of a server that knows the command. One that does not has no such queue, or is a station that is just starting: nothing was done. */
function known(answer: string): string {
  if (/^ERROR: unknown command/.test(answer)) throw new PlayoutTrouble('no_such_queue', false);
  return answer;
}

function ridsIn(answer: string): string[] {
  const rids = answer.split(/\s+/).filter((rid) => rid !== '');
  if (!rids.every((rid) => /^\d{1,10}$/.test(rid))) throw new StrangeAnswer();
  return rids;
}
