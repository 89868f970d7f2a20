import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#apps/findme/embedded/process.js';
import { until } from '../support/until.js';

/** The programme of the station: one steady note, so that everything else on the air stands out. */
export const PROGRAMME_HERTZ = 440;
export const SAMPLE_RATE = 44_100;

/** A real radio: Liquidsoap plays, Icecast sends, and a listener records what is on the air. */
export interface LiquidsoapStation {
  readonly port: number;
  readonly folder: string;
  /** Everything heard so far: one channel, 16 bits, `SAMPLE_RATE`. */
  heard(): Int16Array;
  stop(): Promise<void>;
}

/** Starts the station on loopback, or says why it cannot be had. */
export async function startLiquidsoapStation(): Promise<LiquidsoapStation | string> {
  for (const program of ['liquidsoap', 'icecast2']) if (!isInstalled(program)) return `${program} is not installed`;
  const [telnet, http] = [await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), 'findme-station-'));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'icecast.xml'), icecastConfiguration(folder, http));
  writeFileSync(join(folder, 'station.liq'), stationScript(telnet, http));
  const children: ChildProcess[] = [];
  let listener: IncomingMessage | undefined;
  const stop = async (): Promise<void> => {
    listener?.destroy();
    await Promise.all(children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).map(async (child) => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    children.push(spawn('icecast2', ['-c', join(folder, 'icecast.xml')], { stdio: 'ignore' }));
    await until(() => answers(http, '/status-json.xsl'), Boolean);
    children.push(spawn('liquidsoap', [join(folder, 'station.liq')], { stdio: 'ignore' }));
    // Liquidsoap checks its whole library when it starts: that takes seconds.
    await until(() => answers(http, '/air'), Boolean);
  } catch (error) {
    await stop();
    return `the station did not start (${error instanceof Error ? error.message.split('\n')[0]! : 'unknown'})`;
  }
  const chunks: Buffer[] = [];
  get({ port: http, path: '/air' }, (response) => {
    listener = response;
    response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  }).on('error', () => undefined);
  return {
    port: telnet, folder, stop,
    heard: () => {
      const all = Buffer.concat(chunks).subarray(44);
      return new Int16Array(all.buffer.slice(all.byteOffset, all.byteOffset + (all.length & ~1)));
    },
  };
}

/** How strongly a note sounds in samples, as a part of all that sounds (Goertzel's algorithm): 1 is nothing but that note. */
export function shareOf(hertz: number, samples: Int16Array): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / SAMPLE_RATE);
  let [before, last, power] = [0, 0, 0];
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i]!;
    power += sample * sample;
    const next = sample + turn * last - before;
    before = last;
    last = next;
  }
  return power === 0 ? 0 : (before * before + last * last - turn * before * last) / ((samples.length / 2) * power);
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function answers(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    get({ port, path, timeout: 1_000 }, (response) => {
      resolve(response.statusCode === 200);
      response.destroy();
    }).on('error', () => resolve(false));
  });
}

const isRoot = (): boolean => process.getuid?.() === 0;

function icecastConfiguration(folder: string, port: number): string {
  // Icecast does not run as root; where the tests do, it becomes the user that its package made.
  const owner = isRoot() ? '<changeowner><user>icecast2</user><group>icecast</group></changeowner>' : '';
  const web = ['/usr/share/icecast2', '/usr/share/icecast'].find((path) => exists(`${path}/web/status-json.xsl`)) ?? '/usr/share/icecast2';
  return `<icecast><limits><clients>10</clients><sources>2</sources></limits>
<authentication><source-password>proba</source-password><admin-user>a</admin-user><admin-password>proba</admin-password></authentication>
<hostname>127.0.0.1</hostname><listen-socket><port>${port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<paths><logdir>${folder}</logdir><webroot>${web}/web</webroot><adminroot>${web}/admin</adminroot></paths>
<logging><accesslog>-</accesslog><errorlog>-</errorlog><loglevel>1</loglevel></logging>
<security><chroot>0</chroot>${owner}</security></icecast>`;
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

const stationScript = (telnet: number, http: number): string => `
settings.init.allow_root.set(true)
settings.log.stdout.set(false)
settings.log.file.set(false)
settings.server.telnet.set(true)
settings.server.telnet.bind_addr.set("127.0.0.1")
settings.server.telnet.port.set(${telnet})
alert = request.queue(id="alert")
programme = sine(${PROGRAMME_HERTZ}.)
air = fallback(track_sensitive=false, [alert, programme])
output.icecast(%wav(channels=1, samplesize=16, header=true), host="127.0.0.1", port=${http}, password="proba", mount="/air", format="audio/wav", fallible=true, mean(air))
`;
