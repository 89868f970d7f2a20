import { StrangeAnswer, type ControlLine } from '#dispatch/playout/control-line.js';

export interface Answer {
  /** Three digits: 2xx done, 4xx the client's fault, 5xx the server's. */
  readonly code: number;
  readonly data: string;
}

/** AMCP (CasparCG's control protocol, 2.1): each command carries `REQ id`, and only an answer with `RES` and the same id is its answer. */
export class Amcp {
  private last = 0;

  constructor(private readonly line: ControlLine) {}

  /** Sends a command under an id that begins with `name` and resolves with its answer. Throws `PlayoutTrouble` and `StrangeAnswer`. */
  ask(command: string, name: string): Promise<Answer> {
    const id = `${name}-${(this.last += 1)}`;
    return this.line.ask(`REQ ${id} ${command}\r\n`, (received) => readAnswer(received, id));
  }
}

/**
 * Reads `RES id 202 PLAY OK`; 201 is followed by one piece of data (a line, or a whole XML document), 200 by lines and an
 * empty one. Undefined while it is not all there. Throws a `StrangeAnswer` for anything else.
 */
export function readAnswer(received: string, id: string): Answer | undefined {
  const end = received.indexOf('\r\n');
  if (end < 0) return undefined;
  const [, of, code] = /^RES (\S+) (\d{3}) /.exec(`${received.slice(0, end)} `) ?? [];
  if (of !== id || code === undefined) throw new StrangeAnswer();
  const rest = received.slice(end + 2);
  if (code === '201') {
    const root = /^\s*(?:<\?xml[^>]*\?>\s*)?<([A-Za-z_][\w.-]*)/.exec(rest)?.[1];
    const whole = root === undefined ? /^[^<][^\n]*\r\n$/.test(rest) : new RegExp(`</${root}>\\s*\\r\\n$|<${root}\\s*/>\\s*\\r\\n$`).test(rest);
    return whole ? { code: 201, data: rest } : undefined;
  }
  if (code === '200') return /(^|\r\n)\r\n$/.test(rest) ? { code: 200, data: rest } : undefined;
  return { code: Number(code), data: '' };
}

/**
 * What is in front on a layer, from the answer to `INFO channel-layer`; empty where nothing is. Servers up to 2.2 answer for that
 * layer, those from 2.3 on for the whole channel: there, each layer stands in an element of its own number.
 */
export function foregroundOf(data: string, layer: number): string {
  const all = /<layer_\d+>/.test(data);
  const own = all ? (new RegExp(`<layer_${layer}>([\\s\\S]*?)</layer_${layer}>`).exec(data)?.[1] ?? '') : data;
  return /<foreground>([\s\S]*?)<\/foreground>/i.exec(own)?.[1] ?? '';
}
