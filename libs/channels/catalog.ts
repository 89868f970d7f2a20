import { fail } from '#kernel/errors.js';
import type { Mode, Notice, SentNotice } from '#alerts/notice.js';
import type { Channel } from '#dispatch/channel.js';
import { airportDisplay } from './airport-display/channel.js';
import { capPush } from './cap-push/channel.js';
import { cellBroadcast } from './cell-broadcast/channel.js';
import { casparcg } from './casparcg/channel.js';
import { datex2 } from './datex2/channel.js';
import { email } from './email/channel.js';
import { gtfsRealtime } from './gtfs-realtime/channel.js';
import { ntcipSign } from './ntcip-sign/channel.js';
import { siriSx } from './siri-sx/channel.js';
import { liquidsoap } from './liquidsoap/channel.js';
import { smpp } from './smpp/channel.js';
import { webPush } from './web-push/channel.js';
import { webhook } from './webhook/channel.js';

/**
 * A channel as the rest of the house holds it: its settings are unknown there, and are read by the channel's own schema
 * whenever they come back in. So no cast is needed, and settings of another channel are a bug that throws.
 */
export function listed<Settings>(channel: Channel<Settings>): Channel {
  const read = (settings: unknown): Settings => channel.settings.parse(settings);
  return {
    kind: channel.kind,
    settings: channel.settings,
    lapses: channel.lapses,
    resend: (settings) => channel.resend(read(settings)),
    ...(channel.filesOf && { filesOf: (settings: unknown) => channel.filesOf!(settings) }),
    connectsTo: (settings) => channel.connectsTo(read(settings)),
    parts: (settings) => channel.parts(read(settings)),
    ...(channel.attemptMs && { attemptMs: (settings: unknown) => channel.attemptMs!(read(settings)) }),
    preview: (notice, settings) => channel.preview(notice, read(settings)),
    ...(channel.snapshots && {
      snapshots: channel.snapshots.map((snapshot) => ({ ...snapshot, render: (running: readonly SentNotice[], settings: unknown, mode: Mode, at: string) => snapshot.render(running, read(settings), mode, at) })),
    }),
    ...(channel.exhibits && { exhibits: (notice: Notice, settings: unknown) => channel.exhibits!(notice, read(settings)) }),
    ...(channel.reaches && { reaches: (settings: unknown) => channel.reaches!(read(settings)) }),
    ...(channel.receiptSecrets && { receiptSecrets: (settings: unknown) => channel.receiptSecrets!(read(settings)) }),
    ...(channel.toldSecrets && { toldSecrets: (settings: unknown) => channel.toldSecrets!(read(settings)) }),
    ...(channel.partsAtOnce && { partsAtOnce: (settings: unknown) => channel.partsAtOnce!(read(settings)) }),
    ...(channel.airing && { airing: (settings: unknown) => channel.airing!(read(settings)) }),
    ...(channel.erasedWords && { erasedWords: (settings: unknown) => channel.erasedWords!(read(settings)) }),
    ...(channel.tests && { tests: (settings: unknown) => channel.tests!(read(settings)) }),
    open: (destination, line) => channel.open({ ...destination, settings: read(destination.settings) }, line),
  };
}

/** Every channel there is: one line each. */
export const catalog: readonly Channel[] = [
  listed(airportDisplay),
  listed(capPush),
  listed(cellBroadcast),
  listed(casparcg),
  listed(datex2),
  listed(email),
  listed(gtfsRealtime),
  listed(ntcipSign),
  listed(siriSx),
  listed(liquidsoap),
  listed(smpp),
  listed(webPush),
  listed(webhook),
];

/** The channel of a kind; throws `CHANNEL_UNKNOWN` when the catalogue has none. */
export function channelByKind(kind: string): Channel {
  const channel = catalog.find((c) => c.kind === kind);
  if (!channel) throw fail('CHANNEL_UNKNOWN', 'channel');
  return channel;
}
