import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { WebSocketCall } from './web-socket.js';

/** One message as it came by RFC 8030, and what the browser said of it. */
export interface PassedOn {
  readonly channel: string;
  readonly version: string;
  readonly headers: { readonly ttl: string; readonly urgency: string; readonly topic: string };
  readonly body: Buffer;
  /** 100 is "delivered"; 101 "could not be decrypted"; 102 "not delivered for another reason". Nothing while it says nothing. */
  code?: number;
}

interface Said {
  readonly messageType?: string;
  readonly channelID?: string;
  readonly key?: string;
  readonly updates?: readonly { readonly channelID: string; readonly version: string; readonly code: number }[];
}

const ONE_DAY_S = 86_400;
const PROTOCOL = 'push-notification';

/**
 * A push service as Mozilla's autopush is to Firefox: the browser asks over a WebSocket (hello, register, ack), senders post
 * over HTTP/2 (RFC 8030). It has none of the browser's keys and passes on what it cannot read.
 */
export class Autopush {
  /** Where the browser calls. */
  readonly url: string;
  /** Where senders post. */
  readonly origin: string;
  readonly passed: PassedOn[] = [];
  /** The sender's key with which the browser subscribed, by channel; nothing when it gave none. */
  readonly channels = new Map<string, string | undefined>();
  private browser: WebSocketCall | undefined;
  private readonly sessions = new Set<ServerHttp2Session>();

  private constructor(private readonly line: Server, private readonly door: Http2SecureServer) {
    this.url = `ws://127.0.0.1:${(line.address() as AddressInfo).port}/`;
    this.origin = `https://127.0.0.1:${(door.address() as AddressInfo).port}`;
    line.on('upgrade', (request, socket) => {
      this.browser = new WebSocketCall(request, socket, PROTOCOL, (text) => this.hear(text));
    });
    door.on('session', (session) => {
      this.sessions.add(session);
      session.once('close', () => this.sessions.delete(session)).on('error', () => undefined);
    });
    door.on('sessionError', () => undefined);
    door.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      void this.take(stream, headers).then((status) => {
        if (!stream.destroyed) stream.respond({ ':status': status }, { endStream: true });
      }, () => stream.destroy());
    });
  }

  static async start(tls: { readonly key: string; readonly cert: string }): Promise<Autopush> {
    const line = createServer().listen(0, '127.0.0.1');
    const door = createSecureServer(tls).listen(0, '127.0.0.1');
    await Promise.all([once(line, 'listening'), once(door, 'listening')]);
    return new Autopush(line, door);
  }

  async close(): Promise<void> {
    this.browser?.end();
    for (const session of this.sessions) session.destroy();
    await Promise.all([this.line, this.door].map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Brings a body to the browser. */
  passOn(channel: string, body: Buffer, headers: PassedOn['headers'] = { ttl: '60', urgency: 'normal', topic: '' }): void {
    const version = randomUUID();
    this.passed.push({ channel, version, body, headers });
    this.say({ messageType: 'notification', channelID: channel, version, ttl: Number(headers.ttl), data: body.toString('base64url'), headers: { encoding: 'aes128gcm' } });
  }

  private say(message: object): void {
    this.browser?.say(JSON.stringify(message));
  }

  private hear(text: string): void {
    const said = JSON.parse(text) as Said;
    const { channelID, key } = said;
    if (said.messageType === 'hello') this.say({ messageType: 'hello', uaid: randomUUID().replaceAll('-', ''), status: 200, use_webpush: true, broadcasts: {} });
    else if (said.messageType === 'register' && channelID !== undefined) {
      this.channels.set(channelID, key);
      this.say({ messageType: 'register', channelID, status: 200, pushEndpoint: `${this.origin}/wpush/v2/${channelID}` });
    } else if (said.messageType === 'unregister' && channelID !== undefined) {
      this.channels.delete(channelID);
      this.say({ messageType: 'unregister', channelID, status: 200 });
    } else if (said.messageType === 'ack') {
      for (const { version, code } of said.updates ?? []) {
        const passed = this.passed.find((p) => p.version === version);
        if (passed) passed.code = code;
      }
    } else if (said.messageType === undefined) this.say({});
  }

  private async take(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    const channel = /^\/wpush\/v2\/([a-z0-9-]+)$/.exec(String(headers[':path']))?.[1] ?? '';
    if (!this.channels.has(channel)) return 410;
    if (headers[':method'] !== 'POST' || headers['content-encoding'] !== 'aes128gcm') return 400;
    if (!this.isSender(String(headers['authorization']), this.channels.get(channel))) return 401;
    this.passOn(channel, Buffer.concat(chunks), { ttl: String(headers['ttl']), urgency: String(headers['urgency']), topic: String(headers['topic']) });
    return 201;
  }

  /** Whether a sender is the one whose key the browser gave when it subscribed (RFC 8292 section 4.2). */
  private isSender(header: string, key: string | undefined): boolean {
    const [, head = '', body = '', signature = '', k = ''] = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(header) ?? [];
    if (key === undefined || k !== key.replace(/=+$/, '')) return false;
    const point = Buffer.from(k, 'base64url');
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') } });
    if (!verify('sha256', Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))) return false;
    const { aud, exp } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as { aud?: string; exp?: number };
    const left = (exp ?? 0) - Date.now() / 1_000;
    return aud === this.origin && left > 0 && left <= ONE_DAY_S;
  }
}
