import type { z } from 'zod';
import type { Notice, SentNotice } from '#alerts/notice.js';
import type { Channel, Outcome, Preview, Snapshot } from '../channel.js';
import type { Answer } from './answer.js';
import { HttpsConnection } from './connection.js';
import { endpointOf } from '../outgoing.js';
import type { HttpsSettings } from './settings.js';

/** What a channel adds whose whole protocol is one document: what is written in it, and what is answered to it. */
export interface DocumentProtocol<Settings extends HttpsSettings> {
  readonly kind: string;
  readonly settings: z.ZodType<Settings>;
  /** Whether a document ends by itself at `expires`. */
  readonly lapses: boolean;
  /** What approvers see the document as. */
  readonly name: string;
  preview(notice: Notice, settings: Settings): readonly Preview[];
  /** The document. Pure: the same notice gives the same text. Refuses what it cannot say whole. */
  write(notice: SentNotice, settings: Settings): string;
  /** The same for partners that pull. */
  readonly snapshots: readonly Snapshot<Settings>[];
  /** What an answer to the document means. */
  judge(answer: Answer, notice: SentNotice, settings: Settings, now: Date): Outcome;
}

const MEDIA_TYPE = 'application/xml';

/**
 * A channel that posts each notice as one XML document to a partner over HTTPS, where the protocol numbers what it tells: the
 * same version of the same situation has one effect, however often it comes. The partner signs its receipts. An approver sees
 * the document that is posted.
 */
export function documentChannel<Settings extends HttpsSettings>(protocol: DocumentProtocol<Settings>): Channel<Settings> {
  const { kind, settings, lapses, name, snapshots } = protocol;
  const bytesOf = (notice: SentNotice, its: Settings): Buffer => Buffer.from(protocol.write(notice, its));
  return {
    kind,
    settings,
    resend: () => 'safe',
    lapses,
    connectsTo: ({ url }) => [endpointOf(url)],
    parts: () => 1,
    preview: (notice, its) => protocol.preview(notice, its),
    exhibits: (_notice, its) => [{ name, mediaType: MEDIA_TYPE, make: async ({ notice }) => bytesOf(notice, its) }],
    snapshots,
    receiptSecrets: ({ secret }) => [secret],
    open: (destination, line) => new HttpsConnection(destination, line, {
      pack: ({ notice }) => ({ method: 'POST', headers: { 'Content-Type': MEDIA_TYPE, Accept: MEDIA_TYPE }, body: bytesOf(notice, destination.settings) }),
      judge: (answer, { notice }) => protocol.judge(answer, notice, destination.settings, line.clock.now()),
    }),
  };
}
