import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { makeDrillSecrets } from '#apps/findme/drill-secrets.js';
import { catalog, channelByKind } from '#channels/catalog.js';
import { systemClock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import { silentLog } from '#kernel/log.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { plainRules, toLoopback } from '#dispatch/testing/outgoing.js';
import { routesOf } from '#dispatch/channel.js';
import { parseConfiguration, readConfiguration } from './configuration.js';
import { projectRoot } from './project-root.js';
import { secretsIn } from './secrets.js';

const shipped = readConfiguration(join(projectRoot, 'config/serbia.yaml'), catalog);

/** Every way to every partner. */
const routes = shipped.destinations.flatMap(routesOf);

describe('the shipped configuration', () => {
  it('is one the catalogue can read, with broadcasters, operators and newsrooms in both modes', () => {
    for (const mode of ['drill', 'live'] as const) {
      expect(shipped.destinations.filter((d) => d.mode === mode).map((d) => d.channel)).toEqual(expect.arrayContaining(['cap-push', 'smpp', 'email']));
    }
  });

  it('has a second site and CAP behind each operator, and CAP behind each playout', () => {
    const ways = new Map(shipped.destinations.map((d) => [d.id as string, routesOf(d).map((route) => route.channel)]));
    for (const id of ['mts', 'yettel', 'a1', 'uzivo-mts']) expect([id, ways.get(id)]).toEqual([id, ['smpp', 'smpp', 'cap-push']]);
    for (const { id, channel } of shipped.destinations) if (channel === 'liquidsoap' || channel === 'casparcg') expect([id, ways.get(id)]).toEqual([id, [channel, 'cap-push']]);
  });

  it('reaches nothing outside this machine', () => {
    for (const { simulated, settings } of routes) {
      expect(simulated).toBe(true);
      expect(addressOf(settings).hostname).toBe('127.0.0.1');
    }
  });

  it('gives every partner an address and credentials of its own, drill and live apart', () => {
    const addresses = routes.map(({ settings }) => addressOf(settings).port);
    expect(new Set(addresses).size).toBe(addresses.length);
    const secretsOfMode = (mode: string) => new Set(words(routes.filter((d) => d.mode === mode).map((d) => d.settings)).filter((w) => /-(webhook|password|bounces|vapid|key|certificate)$/.test(w)));
    const [drill, live] = [secretsOfMode('drill'), secretsOfMode('live')];
    expect([...drill].filter((name) => live.has(name))).toEqual([]);
    expect(drill.size).toBeGreaterThan(20);
  });

  describe('with the secrets that a start makes', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'findme-secrets-'));
      await makeDrillSecrets(folder, shipped, systemClock.now());
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('connects to every partner, none of which misses a secret', async () => {
      const missing: string[] = [];
      const asked: string[] = [];
      const secret = secretsIn(folder);
      const connections = routes.map((destination) => channelByKind(destination.channel).open(zeroPorts(destination), {
        clock: systemClock, log: silentLog, outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined,
        secret: (name) => {
          asked.push(name);
          try {
            return secret(name);
          } catch (error) {
            missing.push(name);
            throw error;
          }
        },
      }));
      // The words for a password are read when a bind is made: all that look like secrets must be there.
      for (const name of words(routes.map((d) => d.settings))) if (/-(webhook|password|bounces|vapid|key|certificate)$/.test(name)) secret(name);
      await Promise.all(connections.map((connection) => connection.close()));
      expect(missing).toEqual([]);
      expect(asked.length).toBeGreaterThan(20);
    });

    it.each(catalog.map(({ kind }) => kind))('calls nobody on loopback over %s where the partner is not one that the house plays, and says why', async (kind) => {
      const said: string[] = [];
      const destination = zeroPorts(routes.find(({ channel }) => channel === kind)!);
      expect(plainRules.faultsOf({ ...destination, simulated: false, fallbacks: [] }, channelByKind)).not.toEqual([]);
      const connection = channelByKind(kind).open(destination, {
        clock: systemClock, log: silentLog, outgoing: plainRules.of({}), audience: new MemoryAudience(), receive: async () => undefined, secret: secretsIn(folder),
      });
      const probed = await connection.probe(AbortSignal.timeout(20_000));
      if (!probed.well) said.push(probed.reason);
      await connection.close();
      expect(said).toEqual([expect.stringMatching(/(^|: )address_loopback$/)]);
    });

    it('keeps them for their owner alone, and makes none twice', async () => {
      const before = await contents(folder);
      for (const name of Object.keys(before)) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
      await makeDrillSecrets(folder, shipped, systemClock.now());
      expect(await contents(folder)).toEqual(before);
    });

    it('has an authority for each mode, whose certificates the other does not vouch for', async () => {
      const certificate = async (name: string) => new X509Certificate(await readFile(join(folder, `${name}-certificate`)));
      const [drill, live, server] = await Promise.all(['drill-authority', 'live-authority', 'drill-partner-server'].map(certificate));
      expect([server!.verify(drill!.publicKey), server!.verify(live!.publicKey)]).toEqual([true, false]);
      expect(server!.checkIP('127.0.0.1')).toBe('127.0.0.1');
    });

    it('makes both halves of a pair anew when one is lost or its time is nearly over', async () => {
      const before = await contents(folder);
      await rm(join(folder, 'live-client-key'));
      await makeDrillSecrets(folder, shipped, systemClock.now());
      const between = await contents(folder);
      expect(Object.keys(before).filter((name) => before[name] !== between[name])).toEqual(['live-client-certificate', 'live-client-key']);
      const certificate = new X509Certificate(between['live-client-certificate']!);
      await makeDrillSecrets(folder, shipped, new Date(Date.parse(certificate.validTo) - 86_400_000));
      const after = await contents(folder);
      expect(after['live-client-certificate']).not.toBe(between['live-client-certificate']);
      expect(after['live-authority-certificate']).toBe(between['live-authority-certificate']);
    });
  });

  it('gets no made-up secrets where a partner is real', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'findme-secrets-'));
    const real = { ...shipped, destinations: shipped.destinations.map((d) => ({ ...d, simulated: false })) };
    await makeDrillSecrets(folder, real, systemClock.now());
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

describe('a configuration with faults', () => {
  const destination = (id: string, channel: string, settings: string) => `  - { id: ${id}, name: X, channel: ${channel}, mode: drill, settings: ${settings} }`;
  const good = '{ url: "https://127.0.0.1:1/", sender: a@b.example, signingKey: k, signingCertificate: c, secret: s }';

  it('is refused with all of them at once: an unknown channel, bad settings, a doubled id', () => {
    const text = ['sender: a@b.example', 'destinations:', destination('one', 'cap-push', good), destination('two', 'smoke-signals', '{}'), destination('one', 'cap-push', '{ url: "http://x/" }')].join('\n');
    const faults = faultsOf(() => parseConfiguration(text, catalog));
    expect(faults.map((f) => `${f.code} ${f.field}`)).toEqual(expect.arrayContaining([
      'CHANNEL_UNKNOWN destinations.1.channel', 'CONFIGURATION_INVALID destinations.2.id', 'CONFIGURATION_INVALID destinations.2.settings.url',
      'CONFIGURATION_INVALID destinations.2.settings.secret',
    ]));
  });

  const withFallbacks = (fallbacks: string) => `sender: a@b.example\ndestinations:\n  - { id: one, name: X, channel: cap-push, mode: drill, settings: ${good}, fallbacks: ${fallbacks} }`;

  it('is refused when a fallback is unknown, has bad settings, or carries a notice in another number of parts', () => {
    const fields = (fallbacks: string) => faultsOf(() => parseConfiguration(withFallbacks(fallbacks), catalog)).map((f) => `${f.code} ${f.field}`);
    expect(fields(`[{ channel: smoke-signals, settings: {} }, { channel: cap-push, settings: { url: "http://x/" } }]`)).toEqual(expect.arrayContaining([
      'CHANNEL_UNKNOWN destinations.0.fallbacks.0.channel', 'CONFIGURATION_INVALID destinations.0.fallbacks.1.settings.url', 'CONFIGURATION_INVALID destinations.0.fallbacks.1.settings.secret',
    ]));
    const numbers = join(projectRoot, 'config/numbers/probni-brojevi.txt');
    const sms = `{ host: h, systemId: s, password: p, source: { address: X }, audience: { kind: numbers, file: "${numbers}", partSize: 1 } }`;
    expect(fields(`[{ channel: cap-push, settings: ${good} }, { channel: smpp, settings: ${sms} }]`)).toEqual(['CONFIGURATION_INVALID destinations.0.fallbacks.1']);
    expect(fields('[{ channel: cap-push }, { settings: {} }]')).toEqual(expect.arrayContaining(['CONFIGURATION_INVALID destinations.0.fallbacks.1.channel']));
  });

  it('is read with its fallbacks, their settings checked and filled in as those of a first route', () => {
    const [read] = parseConfiguration(withFallbacks(`[{ channel: cap-push, settings: ${good} }]`), catalog).destinations;
    expect(read!.fallbacks).toEqual([{ channel: 'cap-push', settings: read!.settings }]);
  });

  it('is refused when a line of its own would open more than a private network, or a partner that is real has settings of a simulated one', () => {
    const faultsOf = (more: string, settings = '{ host: smsc.example, systemId: findme, password: p, source: { address: A }, audience: { kind: distribution-list, name: SVI } }') => {
      try {
        parseConfiguration(`sender: proba@findme.example\n${more}\ndestinations:\n  - { id: a, name: A, channel: ${settings.includes('bounce') ? 'email' : 'smpp'}, mode: live, settings: ${settings} }`, catalog);
        return [];
      } catch (error) {
        return (error as Refusal).faults.map(({ field }) => field);
      }
    };
    expect([faultsOf('outgoing: { private: [10.20.0.0/16], tunnels: [11234] }'), faultsOf('outgoing: { private: [10.0.0.0/8, 0.0.0.0/0] }'), faultsOf('outgoing: { private: [127.0.0.0/8], tunnels: [0] }')])
      .toEqual([[], ['outgoing.private.1'], ['outgoing.private.0', 'outgoing.tunnels.0']]);
    const mail = '{ host: mail.example, port: 25, security: none, simulated: true, from: { name: A, address: a@b.example }, to: [c@d.example], bounce: { host: 127.0.0.1, port: 25, domain: b.example, secret: s } }';
    expect(faultsOf('', mail)).toContain('destinations.0.settings.simulated');
  });

  it('is refused when it is no YAML, names no mode, or signs with half a pair', () => {
    expect(faultsOf(() => parseConfiguration('a: [', catalog))[0]).toMatchObject({ code: 'CONFIGURATION_INVALID' });
    const text = `sender: a@b.example\nsigning: { drill: { key: k } }\ndestinations:\n  - { id: one, name: X, channel: cap-push, settings: ${good} }`;
    expect(faultsOf(() => parseConfiguration(text, catalog)).map((f) => f.field)).toEqual(['signing.drill.certificate', 'destinations.0.mode']);
  });
});

/** Where a partner is reached: an address, a host and port, or the probe of its one push service. */
function addressOf(settings: unknown): URL {
  const { url, host, port, services } = settings as { url?: string; host?: string; port?: number; services?: readonly { probe: string }[] };
  return new URL(url ?? services?.[0]?.probe ?? `tcp://${host}:${port}`);
}

/** Listeners of our own (the receivers of bounces) take any free port here: a running system has the shipped ones. */
function zeroPorts<T extends { settings: unknown }>(destination: T): T {
  const { bounce, ...rest } = destination.settings as { bounce?: object };
  return { ...destination, settings: bounce ? { ...rest, bounce: { ...bounce, port: 0 } } : rest };
}

function words(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(words) : [];
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)));
}

function faultsOf(act: () => unknown): Refusal['faults'] {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.faults;
    throw error;
  }
  throw new Error('nothing was refused');
}
