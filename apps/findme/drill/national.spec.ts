import { catalog } from '#channels/catalog.js';
import { parseConfiguration } from '#config/configuration.js';
import { nationalConfiguration, nationalPorts } from './national.js';

const configuration = nationalConfiguration({ firstPort: 11_000, subscribers: 100_000, numberFiles: [] });
const of = (channel: string) => configuration.destinations.filter((d) => d.channel === channel);
const listed = (channel: string, field: string) => of(channel).flatMap(({ settings }) => settings[field] as unknown[]).length;

describe('the partners of the whole country', () => {
  it('pass the check of every configuration, all of them simulated and in drill mode', () => {
    const { destinations } = parseConfiguration(JSON.stringify(configuration), catalog);
    expect(destinations).toHaveLength(configuration.destinations.length);
    expect(destinations.every(({ simulated, mode }) => simulated && mode === 'drill')).toBe(true);
  });

  it('are 3 operators at 50,000 a minute, 300 broadcasters, 400 signs, 500 stations and a push service', () => {
    expect(of('smpp').map(({ settings }) => settings['ratePerSecond'])).toEqual([833, 833, 833]);
    expect(of('cell-broadcast')).toHaveLength(3);
    expect(of('cap-push')).toHaveLength(300);
    expect(listed('datex2', 'signs') + of('ntcip-sign').length).toBe(400);
    expect(listed('siri-sx', 'stations') + listed('gtfs-realtime', 'stops')).toBe(500);
    expect(of('web-push').map(({ settings }) => (settings['simulated'] as { subscribers: number }).subscribers)).toEqual([100_000]);
  });

  it('listen each on a port of its own, and on none of the programs\'', () => {
    const ports = configuration.destinations.map(({ settings }) => {
      const { url, port, simulated } = settings as { url?: string; port?: number; simulated?: { port?: number } };
      return url === undefined ? port ?? simulated?.port : Number(new URL(url.replace('{alert}', 'a')).port);
    });
    const all = [...ports, ...Object.values(nationalPorts(11_000))];
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((port) => port !== undefined && port >= 11_000 && port < 11_500)).toBe(true);
  });

  it('take invented numbers beside the operators\' lists when there are any', () => {
    const { destinations } = nationalConfiguration({ firstPort: 11_000, subscribers: 0, numberFiles: [{ operator: 'mts', file: 'numbers.txt' }] });
    expect(destinations.find(({ id }) => id === 'mts-prijavljeni')?.settings['audience']).toEqual({ kind: 'numbers', file: 'numbers.txt' });
  });
});
