import { systemClock } from '#kernel/clock.js';
import type { LogEvents } from '#kernel/log.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Connection, Destination, Line } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { MemoryHeadway } from '#dispatch/testing/memory-headway.js';
import { email } from '../channel.js';
import type { EmailSettings } from '../config.js';
import { startFakePartner, type FakeMailServer } from '../fake-partner.js';
import { EMAIL, identityOf } from '../links.js';
import { newsroom, secret } from './newsroom.js';

/** A mail server, fictional subscribers and an open connection to all of them. */
export interface CitizensStage {
  readonly server: FakeMailServer;
  readonly destination: Destination<EmailSettings>;
  readonly audience: MemoryAudience;
  readonly headway: MemoryHeadway;
  readonly line: Line;
  /** What was logged of how many were told. */
  readonly told: LogEvents['audience.told'][];
  /** Opens another connection, as a process does that takes over. */
  open(): Connection;
}

/** The address of a fictional subscriber. */
export const addressOf = (n: number): string => `Gradjanin-${n}@gradjani.example`;

/** Starts a mail server with so many subscribers, in all languages in turn. */
export async function citizensStage(subscribers: number, audienceSettings: object = {}, more: object = {}): Promise<CitizensStage> {
  const asked = await newsroom({ to: [], audience: { kind: 'subscribers', shards: 1, ratePerSecond: 10_000, ...audienceSettings }, ...more }, 'gradjani');
  const server = await startFakePartner(asked, { secret });
  const destination = { ...asked, settings: { ...asked.settings, port: server.port } };
  const audience = new MemoryAudience();
  for (let n = 0; n < subscribers; n++) await subscribe(audience, n, LANGUAGES[n % LANGUAGES.length]!);
  const headway = new MemoryHeadway();
  const told: LogEvents['audience.told'][] = [];
  const line: Line = {
    clock: systemClock, secret, outgoing: toLoopback, audience, headway, receive: async () => undefined,
    log: { event: (name, fields) => void (name === 'audience.told' && told.push(fields as LogEvents['audience.told'])) },
  };
  return { server, destination, audience, headway, line, told, open: () => email.open(destination, line) };
}

export function subscribe(audience: MemoryAudience, n: number, language: Language, districts: readonly string[] | null = null) {
  const address = addressOf(n);
  return audience.add({ kind: EMAIL, mode: 'drill', language, districts, identity: identityOf(address), contact: address, confirmed: true });
}
