import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BasicCasparCGAPI, Commands, type AMCPCommand } from 'casparcg-connection';
import { airCommands, clearCommands, mediaName } from '#channels/casparcg/encode.js';
import { startFakePartner } from '#channels/casparcg/fake-partner.js';
import { television } from '#channels/casparcg/testing/stage.js';
import { crawlOf } from '#alerts/pictures/crawl.js';
import { sampleMessage } from '#dispatch/testing/sample-notice.js';

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The client of others, connected; it asks for the version by itself first. */
async function client(port: number): Promise<BasicCasparCGAPI> {
  const casparcg = new BasicCasparCGAPI({ host: '127.0.0.1', port, autoConnect: false });
  const errors: unknown[] = [];
  casparcg.on('error', (error) => void errors.push(error));
  const connected = new Promise<void>((resolve) => casparcg.once('connect', () => resolve()));
  casparcg.connect();
  closing.push(async () => {
    // It would connect again five seconds after it was told to leave: what it does then is taken from it.
    const left = new Promise<void>((resolve) => casparcg.once('disconnect', () => resolve()));
    const inner = (casparcg as unknown as { readonly _connection: { _triggerReconnect(): void } })._connection;
    inner._triggerReconnect = () => undefined;
    casparcg.discard();
    await left;
    expect(errors).toEqual([]);
  });
  await connected;
  return casparcg;
}

/** What comes back for a command. */
async function answer(casparcg: BasicCasparCGAPI, command: AMCPCommand): Promise<{ readonly responseCode: number; readonly data?: unknown }> {
  const { error, request } = await casparcg.executeCommand(command);
  if (error) throw error;
  return request;
}

describe('casparcg-connection, a client that nobody here wrote', () => {
  it('finds in our simulated playout a server as it expects one: version, media, layers, and what is on them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'findme-amcp-'));
    closing.push(() => rm(folder, { recursive: true }));
    const destination = television(0, folder, { simulated: { speed: 1 } });
    const fake = await startFakePartner(destination);
    closing.push(() => fake.close());
    const casparcg = await client(fake.port);
    const { videoChannel: channel, layer, mediaPrefix } = destination.settings;
    const ask = (command: AMCPCommand) => answer(casparcg, command);
    const message = sampleMessage();
    const clip = `${mediaPrefix}${mediaName(message)}`;

    expect((await ask({ command: Commands.Version, params: {} })).data).toMatchObject({ fullVersion: expect.stringMatching(/^2\.3/) as string });
    expect(await ask({ command: Commands.Play, params: { channel, layer, clip, length: 625 } })).toMatchObject({ responseCode: 404 });
    await writeFile(join(folder, `${mediaName(message)}.jpg`), '');
    expect(await ask({ command: Commands.Play, params: { channel, layer, clip, length: 625 } })).toMatchObject({ responseCode: 202 });
    expect(fake.ledger).toMatchObject([{ key: message.key, action: 'publish', duplicate: false }]);
    const onAir = async () => ((await ask({ command: Commands.InfoLayer, params: { channel, layer } })).data as { channel: { framerate: number; layers: { layer: number; foreground: unknown }[] } }).channel;
    const { framerate, layers } = await onAir();
    expect(framerate).toBe(25);
    expect(layers.map((one) => one.layer)).toEqual([10, layer]);
    expect(JSON.stringify(layers[1]!.foreground)).toContain(message.key.toUpperCase());
    expect(await ask({ command: Commands.Loadbg, params: { channel, layer, clip: 'EMPTY', auto: true } })).toMatchObject({ responseCode: 202 });
    expect(await ask({ command: Commands.Clear, params: { channel, layer } })).toMatchObject({ responseCode: 202 });
    expect((await onAir()).layers.map((one) => one.layer)).toEqual([10]);
    expect(await ask({ command: Commands.Custom, params: { command: 'NONSENSE' } })).toMatchObject({ responseCode: 400 });
  });

  it('writes the commands of an airing as our driver does, octet by octet', async () => {
    const { settings } = television(0, '/nowhere', { crawlTemplate: 'crawl' });
    const { videoChannel: channel, layer, mediaPrefix, crawlTemplate, language } = settings;
    const message = sampleMessage();
    const clip = `${mediaPrefix}${mediaName(message)}`;
    const text = crawlOf(message.notice, [language]).text;
    // It escapes the dollar sign, which the server's own reader would then leave out: not in these words.
    expect(text).not.toContain('$');
    const theirs = await written([
      { command: Commands.Play, params: { channel, layer, clip, length: 500 } },
      { command: Commands.Loadbg, params: { channel, layer, clip: 'EMPTY', auto: true } },
      { command: Commands.Play, params: { channel, layer: layer + 1, clip: `${clip}-voice` } },
      { command: Commands.CgAdd, params: { channel, layer: layer + 2, cgLayer: 1, template: crawlTemplate!, playOnLoad: true, data: { f0: text } } },
      ...[0, 1, 2].map((above) => ({ command: Commands.Clear, params: { channel, layer: layer + above } }) as const),
      { command: Commands.InfoLayer, params: { channel, layer } },
      { command: Commands.Version, params: {} },
    ]);
    const ours = [...airCommands(message, 20, true, settings), ...clearCommands(settings), `INFO ${channel}-${layer}`, 'VERSION'];
    // It puts the word EMPTY in quotation marks; servers read the same.
    expect(theirs.map((command) => command.replace('"EMPTY"', 'EMPTY'))).toEqual(ours);
  });
});

/** The lines that the client sends for these commands, without its request ids. */
async function written(commands: readonly AMCPCommand[]): Promise<string[]> {
  const lines: string[] = [];
  const server = createServer((socket) => {
    let received = '';
    socket.setEncoding('utf8').on('error', () => undefined).on('data', (text: string) => {
      const parts = (received + text).split('\r\n');
      received = parts.pop()!;
      for (const line of parts) {
        const [, id, command] = /^REQ (\S+) (.*)$/.exec(line)!;
        lines.push(command!);
        socket.write(command === 'VERSION' ? `RES ${id!} 201 VERSION OK\r\n2.3.3\r\n` : command!.startsWith('INFO') ? `RES ${id!} 201 INFO OK\r\n-\r\n` : `RES ${id!} 202 ${command!.split(' ')[0]!} OK\r\n`);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const casparcg = await client((server.address() as AddressInfo).port);
  lines.length = 0;
  for (const command of commands) await answer(casparcg, command);
  return lines;
}
