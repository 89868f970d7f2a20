import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner, Faults, LedgerEntry } from '#dispatch/testing/fake-partner.js';
import { Ledger } from '#dispatch/testing/ledger.js';
import { fail } from '#kernel/errors.js';
import { sha256Hex } from '#kernel/canonical.js';
import { readMessage, writeMessage, type SnmpMessage, type Value } from './ber.js';
import type { NtcipSignSettings } from './config.js';
import { dmsActivateMessage } from './objects.js';
import { SimulatedSign, type Lie, type TellsOwners } from './simulated-sign.js';

/** A simulated sign, which can also lie, be worked at by hand, tell little, and be held up. */
export interface SignPartner extends FakePartner {
  setLie(lie: Lie | undefined): void;
  setLocal(local: boolean): void;
  setTellsOwners(tells: TellsOwners): void;
  setShortErrors(bits: number | null): void;
  setSlowness(looks: number): void;
  /** Orders to activate are answered with this error (RFC 3416) by the agent; the sign does not see them. */
  turnAway(status: number | undefined): void;
  /** Orders that set such a value wait at the sign from now on: until `release`, which carries them out as they came. */
  hold(which: (oid: string, value: Value) => boolean): Held;
}

/** Orders that wait. */
export interface Held {
  /** Resolves once so many have come. */
  come(count: number): Promise<void>;
  release(): void;
}

/** RFC 3416 section 3. */
const GEN_ERR = 5;
const RESOURCE_UNAVAILABLE = 13;

/**
 * A simulated sign: an SNMP agent (v1 or v2c, with a community) on loopback with rows of memory, activation and read-back. It
 * has a ledger of what went up and of what was emptied; our key is what the owner of a row ends with.
 */
export async function startFakePartner(destination: Destination<NtcipSignSettings>, options: { readonly secret: (name: string) => string }): Promise<SignPartner> {
  const { host, port, access } = destination.settings;
  if (!['127.0.0.1', 'localhost'].includes(host) || access.version === 'v3') throw fail('CONFIGURATION_INVALID', 'settings.access', 'A simulated sign is on loopback and has a community.');
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return new SignAgent(destination.id, socket, options.secret(access.community));
}

class SignAgent implements SignPartner {
  readonly port: number;
  readonly ledger: readonly LedgerEntry[];
  private readonly sign: SimulatedSign;
  private faults: Faults = {};
  private held: { readonly which: (oid: string, value: Value) => boolean; add(carryOut: () => void): void } | undefined;
  private turnedAway: number | undefined;
  /** Nothing is answered any more, as when the line breaks. */
  private silent = false;
  private readonly book: Ledger;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(id: string, private readonly socket: Socket, private readonly community: string) {
    this.book = new Ledger(id);
    this.ledger = this.book.entries;
    this.port = socket.address().port;
    this.sign = new SimulatedSign({
      lit: (owner, multi) => this.write(owner, 'publish', sha256Hex(multi)),
      emptied: (owner, dark) => dark && this.write(owner, 'withdraw', sha256Hex('')),
    });
    socket.on('message', (bytes, from) => this.hear(bytes, from));
    // A reply to someone who is gone.
    socket.on('error', () => undefined);
  }

  setFaults(faults: Faults): void {
    this.faults = faults;
    this.silent = false;
    this.sign.rejectsAll = faults.refuse === true;
  }

  setLie(lie: Lie | undefined): void {
    this.sign.lie = lie;
  }

  setLocal(local: boolean): void {
    this.sign.local = local;
  }

  setTellsOwners(tells: TellsOwners): void {
    this.sign.tellsOwners = tells;
  }

  setShortErrors(bits: number | null): void {
    this.sign.shortErrors = bits;
  }

  setSlowness(looks: number): void {
    this.sign.slowness = looks;
  }

  turnAway(status: number | undefined): void {
    this.turnedAway = status;
  }

  hold(which: (oid: string, value: Value) => boolean): Held {
    const waiting: (() => void)[] = [];
    let told: () => void = () => undefined;
    this.held = {
      which,
      add(carryOut) {
        waiting.push(carryOut);
        told();
      },
    };
    return {
      async come(count) {
        while (waiting.length < count) await new Promise<void>((resolve) => (told = resolve));
      },
      release: () => {
        this.held = undefined;
        for (const carryOut of waiting.splice(0)) carryOut();
      },
    };
  }

  waitFor(predicate: (ledger: readonly LedgerEntry[]) => boolean, timeoutMs?: number): Promise<readonly LedgerEntry[]> {
    return this.book.waitFor(predicate, timeoutMs);
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    if (this.closed) return;
    this.closed = true;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
  private closed = false;

  private write(owner: string, action: LedgerEntry['action'], sha256: string): void {
    const [identifier = '', key = ''] = owner.split(' ');
    const duplicate = this.ledger.some((entry) => entry.key === key);
    this.book.write({ key, identifier, action, sha256, duplicate, at: Date.now() });
  }

  private hear(bytes: Buffer, from: RemoteInfo): void {
    const message = readMessage(bytes);
    // An agent says nothing to those whom it does not know.
    if (!message || message.pdu === 'response' || message.community !== this.community || this.silent) return;
    if (message.pdu === 'set' && message.varbinds.some(([oid, value]) => this.held?.which(oid, value))) return this.held!.add(() => this.answer(message, from));
    if (!this.faults.latencyMs) return this.answer(message, from);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.answer(message, from);
    }, this.faults.latencyMs);
    this.timers.add(timer);
  }

  private answer(message: SnmpMessage, from: RemoteInfo): void {
    const { hang, reset, error, throttle, loseAcknowledgement, rubbish, truncate } = this.faults;
    const { pdu, varbinds } = message;
    if (pdu === 'get') {
      this.sign.looked();
      return this.reply(message, from, varbinds.map(([oid]) => [oid, this.sign.get(oid)]));
    }
    // A controller that still answers while the sign behind it does not: its orders are lost.
    if (hang || reset) return;
    if (error || throttle) return this.reply(message, from, varbinds, error ? GEN_ERR : RESOURCE_UNAVAILABLE, 1);
    const activates = varbinds.some(([oid]) => oid === dmsActivateMessage);
    if (activates && this.turnedAway !== undefined) return this.reply(message, from, varbinds, this.turnedAway, 1);
    const failed = varbinds.map(([oid, value]) => this.sign.set(oid, value)).findIndex((status) => status !== 0);
    if (activates && (loseAcknowledgement || rubbish || truncate)) {
      this.silent = true;
      if (rubbish) this.socket.send(Buffer.from('0\u0005rubbish'), from.port, from.address);
      if (truncate) {
        const whole = writeMessage({ ...message, pdu: 'response', errorStatus: 0, errorIndex: 0, varbinds });
        this.socket.send(whole.subarray(0, whole.length >> 1), from.port, from.address);
      }
      return;
    }
    this.reply(message, from, varbinds, failed < 0 ? 0 : GEN_ERR, failed + 1);
  }

  private reply(message: SnmpMessage, from: RemoteInfo, varbinds: readonly (readonly [string, Value])[], errorStatus = 0, errorIndex = 0): void {
    if (this.closed) return;
    this.socket.send(writeMessage({ ...message, pdu: 'response', errorStatus, errorIndex, varbinds }), from.port, from.address);
  }
}
