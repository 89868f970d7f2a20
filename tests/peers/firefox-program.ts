import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, missingOf } from './program.js';

/** A running Firefox without a window, with a profile of its own, driven over Marionette. */
export interface FirefoxProgram {
  go(url: string): Promise<void>;
  click(selector: string): Promise<void>;
  /** Runs the body of a function in the page; what it returns, or what the promise it returns comes to. */
  run(script: string, ...args: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

const START_MS = 60_000;
const PORT_FILE = 'MarionetteActivePort';

/**
 * Starts `firefox-esr` of the PATH with a push service of ours at `pushUrl` (a WebSocket on loopback); a sentence that says why
 * not where it cannot be had. It may show notifications without being asked, and it looks nowhere else by itself.
 */
export async function startFirefoxProgram(pushUrl: string): Promise<FirefoxProgram | string> {
  const missing = missingOf('firefox-esr');
  if (missing !== undefined) return missing;
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'));
  const preferences: Readonly<Record<string, string | number | boolean>> = {
    'marionette.port': 0,
    'dom.push.serverURL': pushUrl, 'dom.push.testing.allowInsecureServerURL': true, 'dom.push.connection.enabled': true, 'dom.push.enabled': true,
    'permissions.default.desktop-notification': 1,
    // The desktop of a machine without one shows nothing.
    'alerts.useSystemBackend': false,
    'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'app.normandy.enabled': false,
    'services.settings.server': 'data:,', 'browser.safebrowsing.update.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false,
  };
  await writeFile(join(profile, 'user.js'), Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
  const program = spawn('firefox-esr', ['--headless', '--no-remote', '--marionette', '--profile', profile], {
    stdio: 'ignore', env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
  });
  let marionette: Marionette | undefined;
  const stop = async (): Promise<void> => {
    marionette?.close();
    await ended(program);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const deadline = performance.now() + START_MS; performance.now() < deadline && program.exitCode === null && !marionette;) {
    const port = Number(await readFile(join(profile, PORT_FILE), 'utf8').catch(() => ''));
    if (port > 0) marionette = await Marionette.to(port).catch(() => undefined);
    if (!marionette) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!marionette) {
    await stop();
    return 'Firefox is installed and does not start here';
  }
  const driver = marionette;
  await driver.ask('WebDriver:NewSession', {});
  return {
    stop,
    go: async (url) => void (await driver.ask('WebDriver:Navigate', { url })),
    click: async (selector) => {
      const { value } = (await driver.ask('WebDriver:FindElement', { using: 'css selector', value: selector })) as { value: Readonly<Record<string, string>> };
      await driver.ask('WebDriver:ElementClick', { id: Object.values(value)[0] });
    },
    run: async (script, ...args) => ((await driver.ask('WebDriver:ExecuteScript', { script, args })) as { value: unknown }).value,
  };
}

type Answer = readonly [type: 1, id: number, error: { readonly error: string; readonly message: string } | null, result: unknown];

/** Firefox's own remote protocol: JSON behind its length in octets and a colon, an answer for each question. */
class Marionette {
  private rest = Buffer.alloc(0);
  private last = 0;
  private readonly asked = new Map<number, { readonly done: (result: unknown) => void; readonly failed: (error: Error) => void }>();

  private constructor(private readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.rest = Buffer.concat([this.rest, chunk]);
      for (let text = this.take(); text !== undefined; text = this.take()) this.hear(text);
    });
    socket.once('close', () => {
      for (const { failed } of this.asked.values()) failed(new Error('Firefox closed the line'));
    });
  }

  static async to(port: number): Promise<Marionette> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Marionette(socket);
  }

  ask(command: string, parameters: object): Promise<unknown> {
    this.last += 1;
    const id = this.last;
    const text = JSON.stringify([0, id, command, parameters]);
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((done, failed) => this.asked.set(id, { done, failed }));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(): string | undefined {
    const colon = this.rest.indexOf(':');
    if (colon < 0) return undefined;
    const end = colon + 1 + Number(this.rest.subarray(0, colon).toString('latin1'));
    if (this.rest.length < end) return undefined;
    const text = this.rest.subarray(colon + 1, end).toString('utf8');
    this.rest = this.rest.subarray(end);
    return text;
  }

  /** The greeting is an object and answers nothing. */
  private hear(text: string): void {
    const said = JSON.parse(text) as Answer | object;
    if (!Array.isArray(said)) return;
    const [, id, error, result] = said as unknown as Answer;
    const asked = this.asked.get(id);
    this.asked.delete(id);
    if (error) asked?.failed(new Error(`${error.error}: ${error.message}`));
    else asked?.done(result);
  }
}
