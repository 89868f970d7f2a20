/** How large a drill of national size is. What is not set here is as issued: 3 operators, 300 broadcasters, 400 signs, 500 stations. */
export interface NationalSize {
  /** Everything that listens does so from this port on: control, API, dispatcher, then the partners. */
  readonly firstPort: number;
  /** Fictional browsers that subscribed to web push. */
  readonly subscribers: number;
  /** A file of invented numbers for each operator. The whole country's go through the operators' own lists, one message each. */
  readonly numberFiles: readonly { readonly operator: string; readonly file: string }[];
}

/** One partner as the configuration has it. */
export interface NationalDestination {
  readonly id: string;
  readonly name: string;
  readonly channel: string;
  readonly mode: 'drill';
  readonly simulated: true;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A configuration as it could be written in YAML; JSON is YAML too. */
export interface NationalConfiguration {
  readonly sender: string;
  readonly signing: Readonly<Record<string, unknown>>;
  readonly destinations: readonly NationalDestination[];
}

const SENDER = 'pronadji-me@findme.example';
const OPERATORS = [{ id: 'mts', name: 'mts (Telekom Srbija)' }, { id: 'yettel', name: 'Yettel' }, { id: 'a1', name: 'A1 Srbija' }] as const;
/** The rate at which operators sent in the first real activation. */
const SMS_PER_MINUTE = 50_000;
const BROADCASTERS = 300;
/** Signs behind traffic centres, as most are, and signs that stand alone. */
const CENTRES = 4;
const SIGNS_OF_A_CENTRE = 90;
const SINGLE_SIGNS = 40;
/** Rail systems confirm each station; a bus company confirms once for all stops of its feed. */
const RAIL_SYSTEMS = 4;
const STATIONS_OF_A_RAIL_SYSTEM = 75;
const BUS_COMPANIES = 20;
const STOPS_OF_A_BUS_COMPANY = 10;
const SHARDS = 32;
/** All parts go at once over one window, and here both sides share the machine: each takes as long as all. */
const PART_MS = 1_200_000;
/** The first ports, kept for what is no partner. */
const OWN_PORTS = 10;

/** Where the programs of a system of national size listen. */
export const nationalPorts = (firstPort: number): { readonly control: number; readonly api: number; readonly dispatcher: number } =>
  ({ control: firstPort, api: firstPort + 1, dispatcher: firstPort + 2 });

/**
 * The partners of the whole country, every one of them simulated, in drill mode: few programs behind many addresses, as
 * they would be in service. Pure.
 */
export function nationalConfiguration({ firstPort, subscribers, numberFiles }: NationalSize): NationalConfiguration {
  let lastPort = firstPort + OWN_PORTS - 1;
  const port = (): number => (lastPort += 1);
  const simulated = { serverKey: 'drill-partner-server-key', serverCertificate: 'drill-partner-server-certificate' };
  const tls = { ca: 'drill-authority-certificate', clientKey: 'drill-client-key', clientCertificate: 'drill-client-certificate' };
  const signed = { sender: SENDER, signingKey: 'drill-cap-signing-key', signingCertificate: 'drill-cap-signing-certificate' };
  const destination = (id: string, name: string, channel: string, settings: Readonly<Record<string, unknown>>): NationalDestination =>
    ({ id, name, channel, mode: 'drill', simulated: true, settings });
  const operator = (id: string, audience: object): Readonly<Record<string, unknown>> => ({
    host: '127.0.0.1', port: port(), systemId: 'findmedrl', password: `${id}-password`, binds: 2, window: 100, ratePerSecond: Math.floor(SMS_PER_MINUTE / 60),
    source: { address: 'VEZBA-192' }, languages: ['sr-Latn', 'sr-Cyrl'], maxSegments: 8, deduplicates: true, audience,
  });

  return {
    sender: SENDER,
    signing: { drill: { key: signed.signingKey, certificate: signed.signingCertificate } },
    destinations: [
      ...OPERATORS.map(({ id, name }) => destination(`${id}-celije`, `${name}, emitovanje po ćelijama`, 'cell-broadcast', {
        driver: 'cbe-cap', url: `https://127.0.0.1:${port()}/cbe`, ...tls, ...signed, languages: ['sr-Latn', 'en'], simulated,
      })),
      ...OPERATORS.map(({ id, name }) => destination(id, name, 'smpp', operator(id, { kind: 'distribution-list', name: 'SVI-PRETPLATNICI' }))),
      ...numberFiles.map(({ operator: id, file }) => destination(`${id}-prijavljeni`, `Prijavljeni građani (preko ${id})`, 'smpp', operator(`${id}-prijavljeni`, { kind: 'numbers', file }))),
      ...range(BROADCASTERS).map((n) => destination(`emiter-${n}`, `Televizija ili radio ${n} (izmišljen)`, 'cap-push', {
        url: `https://127.0.0.1:${port()}/cap`, ...tls, ...signed, secret: `emiter-${n}-webhook`, simulated,
      })),
      ...range(CENTRES).map((n) => destination(`putevi-${n}`, `Putevi Srbije, centar ${n}`, 'datex2', {
        url: `https://127.0.0.1:${port()}/datex2`, ...tls, secret: `putevi-${n}-webhook`, supplier: { identifier: 'findme-drill' }, controllerTable: { id: `znakovi-${n}`, version: '1' }, simulated,
        signs: range(SIGNS_OF_A_CENTRE).map((s) => ({ id: `c${n}-znak-${s}`, rows: 4, columns: 20, maxPages: 4 })),
      })),
      ...range(SINGLE_SIGNS).map((n) => destination(`znak-${n}`, `Putevi Srbije, pojedinačni znak ${n}`, 'ntcip-sign', {
        host: '127.0.0.1', port: port(), access: { version: 'v2c', community: `znak-${n}-password` }, rows: 4, columns: 20, maxPages: 4,
      })),
      ...range(RAIL_SYSTEMS).map((n) => destination(`zeleznica-${n}`, `Železničke stanice, sistem ${n}`, 'siri-sx', {
        url: `https://127.0.0.1:${port()}/siri`, ...tls, secret: `zeleznica-${n}-webhook`, participant: 'findme-drill', simulated,
        stations: range(STATIONS_OF_A_RAIL_SYSTEM).map((s) => ({ id: `z${n}-stanica-${s}`, stopPlace: `RS:StopPlace:${n}0${s}`, name: `Stanica ${n}/${s}` })),
      })),
      ...range(BUS_COMPANIES).map((n) => destination(`autobusi-${n}`, `Autobuske stanice, prevoznik ${n}`, 'gtfs-realtime', {
        url: `https://127.0.0.1:${port()}/alerts/{alert}.pb`, ...tls, secret: `autobusi-${n}-webhook`, agencies: [`BUS-${n}`], stops: range(STOPS_OF_A_BUS_COMPANY).map((s) => `BUS-${n}-${s}`), simulated,
      })),
      pushService(port(), subscribers),
    ],
  };

  function pushService(own: number, count: number): NationalDestination {
    return destination('pregledaci', 'Pregledači prijavljenih građana', 'web-push', {
      vapid: { key: 'drill-push-vapid', subject: `mailto:${SENDER}` }, services: [{ hosts: '127.0.0.1', probe: `https://127.0.0.1:${own}` }], ca: tls.ca, shards: SHARDS, partMs: PART_MS,
      simulated: { port: own, ...simulated, subscribers: count, subscribe: false },
    });
  }
}

/** The operators, for whom numbers can be given. */
export const NATIONAL_OPERATORS: readonly string[] = OPERATORS.map(({ id }) => id);

/** From 1 to the number. */
const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
