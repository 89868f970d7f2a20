import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { sha256Hex } from '#kernel/canonical.js';
import type { Destination } from '#dispatch/channel.js';
import { breaksAnswers, isTrickling, sendBroken } from '#dispatch/testing/broken-answer.js';
import type { FakePartner, Faults } from '#dispatch/testing/fake-partner.js';
import { Ledger } from '#dispatch/testing/ledger.js';
import type { CasparcgSettings } from './config.js';

/** A name of ours: alert, key, kind of notice. */
const OURS = /([0-9a-f]{8}-[0-9a-f-]{27})-([A-Za-z0-9]{16,})-(alert|update|found|withdrawn)$/;

const element = (layer: string, foreground: string): string =>
  `<layer_${layer}>\n<background>\n<producer>empty</producer>\n</background>\n<foreground>\n${foreground}\n</foreground>\n</layer_${layer}>\n`;
const PROGRAMME = element('10', '<file><path>media/PROGRAM.mxf</path></file>\n<producer>ffmpeg</producer>');
const CHANNEL = '<framerate>25</framerate>\n<framerate>1</framerate>\n<mixer>\n<audio>\n<volume>0</volume>\n<volume>0</volume>\n</audio>\n</mixer>\n';

interface Shown {
  readonly name: string;
  /** How long it lasts; undefined where it stays. */
  readonly frames: number | undefined;
  timer?: NodeJS.Timeout;
}

/** Plays a CasparCG server on loopback: AMCP with `REQ`, media read from the folder, layers that end when their length is over. */
export async function startFakePartner(destination: Destination<CasparcgSettings>): Promise<FakePartner> {
  const { settings } = destination;
  const ledger = new Ledger(destination.id);
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const layers = new Map<string, Shown>();
  let faults: Faults = {};
  const later = (ms: number, act: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
    return timer;
  };
  const write = (name: string, command: string): void => {
    const [, , key, kind] = OURS.exec(name) ?? [];
    if (key === undefined) return;
    ledger.write({
      key, action: kind === 'found' || kind === 'withdrawn' ? 'withdraw' : 'publish', sha256: sha256Hex(command),
      duplicate: ledger.entries.some((entry) => entry.key === key), at: Date.now(),
    });
  };
  const play = (layer: string, name: string, frames: number | undefined): void => {
    clearTimeout(layers.get(layer)?.timer);
    layers.set(layer, { name, frames });
  };
  /** Its time runs fast: counted from the first look at it, so that a busy machine does not miss the whole airing. */
  const seen = (layer: string, shown: Shown): void => {
    if (shown.frames === undefined || shown.timer) return;
    shown.timer = later((shown.frames / settings.framesPerSecond) * (1_000 / (settings.simulated?.speed ?? 1)), () => {
      if (layers.get(layer) === shown) layers.delete(layer);
    });
  };
  /** Status, name and data of an answer. */
  const reply = (command: string): string => {
    const [verb = '', layer = ''] = command.split(' ');
    if (verb === 'VERSION') return '201 VERSION OK\r\n2.3.3 (proba)';
    if (verb === 'INFO') {
      // As servers from 2.3 on: the whole channel, whichever layer was asked for, and the programme's layer with it.
      const onChannel = [...layers].filter(([of]) => of.startsWith(`${layer.split('-')[0]!}-`));
      for (const [of, shown] of onChannel) seen(of, shown);
      const stage = onChannel.map(([of, { name }]) => element(of.split('-')[1]!, `<file><path>${name.toUpperCase()}.JPG</path></file>\n<producer>image</producer>`));
      return `201 INFO OK\r\n<?xml version="1.0" encoding="utf-8"?>\n<channel>\n${CHANNEL}<stage>\n<layer>\n${PROGRAMME}${stage.join('')}</layer>\n</stage>\n</channel>\n`;
    }
    if (verb === 'CLEAR') {
      layers.delete(layer);
      return '202 CLEAR OK';
    }
    if (verb === 'PLAY') {
      const [, media = '', frames] = /^PLAY \S+ "([^"]+)"(?: LENGTH (\d+))?$/.exec(command) ?? [];
      const name = basename(media);
      const file = join(resolve(settings.folder), name);
      if (!existsSync(`${file}.jpg`) && !existsSync(`${file}.wav`)) return '404 PLAY FAILED';
      play(layer, name, frames === undefined ? undefined : Number(frames));
      write(name, command);
      return '202 PLAY OK';
    }
    return ['LOADBG', 'CG'].includes(verb) ? `202 ${verb} OK` : `400 ERROR\r\n${command}`;
  };
  const serve = (socket: Socket, line: string): void => {
    const [, id = '', command = ''] = /^REQ (\S+) (.*)$/.exec(line) ?? [];
    const answerOf = (text: string): Buffer => Buffer.from(`RES ${id} ${text}\r\n`);
    const say = (text: string): void => {
      if (isTrickling(socket)) sendBroken(socket, answerOf(text), faults);
      else if (!socket.destroyed) socket.write(answerOf(text));
    };
    if (faults.latencyMs) return void later(faults.latencyMs, () => say(reply(command)));
    if (!/^PLAY .*-(alert|update|found|withdrawn)" /.test(command)) return say(reply(command));
    if (faults.hang) return;
    if (faults.reset) return void socket.destroy();
    if (faults.error) return say('501 PLAY FAILED');
    if (faults.refuse) return say('404 PLAY FAILED');
    if (faults.throttle) return say('503 PLAY FAILED');
    const answer = reply(command);
    if (faults.loseAcknowledgement) return void socket.destroy();
    if (breaksAnswers(faults)) return sendBroken(socket, answerOf(answer), faults);
    if (faults.rubbish) return void socket.write('RES \u0007\r\n');
    say(answer);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = '';
    socket.setEncoding('utf8').on('error', () => undefined).on('close', () => sockets.delete(socket)).on('data', (text: string) => {
      const lines = (received + text).split('\r\n');
      received = lines.pop()!;
      for (const line of lines) serve(socket, line);
    });
  });
  server.listen(settings.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, ledger: ledger.entries,
    setFaults: (set) => void (faults = set),
    waitFor: (predicate, timeoutMs) => ledger.waitFor(predicate, timeoutMs),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
