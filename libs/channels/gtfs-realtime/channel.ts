import type { Channel, Destination, Line, Message, Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import { HttpsConnection, type HttpsProtocol } from '#dispatch/https/connection.js';
import { endpointOf } from '#dispatch/outgoing.js';
import { feedPath, folderOf, gtfsRealtimeSettings, type GtfsRealtimeSettings } from './config.js';
import { encode, entityId, exhibits, preview, snapshots } from './encode.js';

/** Media type of protocol buffers, as feeds are served. */
export const MEDIA_TYPE = 'application/x-protobuf';

/** Statuses by which a server says that it stored what was put (RFC 9110 section 9.3.4). */
const STORED: readonly number[] = [200, 201, 204];

/** GTFS-realtime Service Alerts: the whole feed of an alert, put where the partner's systems poll it, and read back. */
export const gtfsRealtime: Channel<GtfsRealtimeSettings> = {
  kind: 'gtfs-realtime',
  settings: gtfsRealtimeSettings,
  // The same feed put again is the same feed.
  resend: () => 'safe',
  // A period that is over hides an alert, but its feed and the child's name stay until it is emptied.
  lapses: false,
  connectsTo: ({ url }) => [endpointOf(folderOf(url))],
  parts: () => 1,
  preview,
  exhibits,
  snapshots,
  receiptSecrets: ({ secret }) => [secret],
  open: (destination, line) => new HttpsConnection(folder(destination), line, protocol(destination.settings, line)),
};

/** The connection is to the folder, whose head is what a probe asks for. */
function folder(destination: Destination<GtfsRealtimeSettings>): Destination<GtfsRealtimeSettings> {
  return { ...destination, settings: { ...destination.settings, url: folderOf(destination.settings.url) } };
}

function protocol(settings: GtfsRealtimeSettings, line: Line): HttpsProtocol {
  const pathOf = ({ notice }: Message): string => feedPath(settings.url, notice.alertId);
  return {
    pack: (message) => ({ method: 'PUT', path: pathOf(message), headers: { 'Content-Type': MEDIA_TYPE }, body: encode(message.notice, settings) }),
    judge: async (answer, message, ask) => {
      if (!STORED.includes(answer.status)) return outcomeOfStatus(answer, line.clock.now()) ?? ANSWER_INVALID;
      // A server may say that it stored and store nothing: only what it serves shows it.
      const read = await ask({ method: 'GET', path: pathOf(message), headers: { Accept: MEDIA_TYPE, 'Cache-Control': 'no-cache' } });
      if (read.kind === 'broken') return { kind: 'uncertain', reason: read.reason };
      return serves(read.answer, encode(message.notice, settings)) ? acceptance(message) : { kind: 'uncertain', reason: 'not_stored' };
    },
  };
}

function serves({ status, body }: Answer, feed: Buffer): boolean {
  return status === 200 && body !== undefined && body.equals(feed);
}

function acceptance({ notice }: Message): Outcome {
  return { kind: 'accepted', references: [`${entityId(notice)}/${notice.revision}`], expectedReceipts: 1 };
}
