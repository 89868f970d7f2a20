import type { Line, Message, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage } from '#dispatch/testing/sample-notice.js';
import { FixedClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { ntcipSign } from '../channel.js';
import { startFakePartner, type SignPartner } from '../fake-partner.js';
import { CURRENT, dmsMessageMultiString } from '../objects.js';
import { SnmpWire } from '../snmp.js';
import { drillSecret, roadSign } from './stage.js';

const ends: (() => Promise<void> | void)[] = [];
export const atEnd = (end: () => Promise<void> | void): void => void ends.push(end);

/** Closes everything that was opened since the last time, the newest first. */
export async function endPlays(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

export const patient = (): AbortSignal => new AbortController().signal;

/** A sign, a connection to it, and the test's own way to look at it. */
export async function play(settings: Parameters<typeof roadSign>[1] = {}) {
  const partner: SignPartner = await startFakePartner(roadSign(0), { secret: drillSecret });
  atEnd(() => partner.close());
  const destination = roadSign(partner.port, settings);
  const receipts: Receipt[] = [];
  const clock = new FixedClock('2026-11-24T17:00:00Z');
  const line: Line = { clock, log: silentLog, secret: drillSecret, outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt) };
  const connection = ntcipSign.open(destination, line);
  atEnd(() => connection.close());
  const wire = new SnmpWire(destination.settings, toLoopback, drillSecret);
  atEnd(() => wire.close());
  const look = async (oid: string) => {
    const reply = await wire.get([oid], patient());
    return reply.kind === 'values' ? reply.values[0] : reply;
  };
  const shown = async () => String(await look(dmsMessageMultiString(CURRENT)));
  const publish = (message: Message) => connection.publish(message, patient());
  const end = (kind: 'found' | 'withdrawn', of: Message) => connection.withdraw(sampleMessage({ notice: sampleEnding(kind, of.notice) }), patient());
  return { partner, destination, clock, line, connection, receipts, wire, look, shown, publish, end };
}
