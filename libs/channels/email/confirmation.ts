import { createHmac } from 'node:crypto';
import type { Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import type { Destination } from '#dispatch/channel.js';
import type { Outgoing } from '#dispatch/outgoing.js';
import { composeConfirmation } from './citizen-mail.js';
import type { EmailSettings } from './config.js';
import { encodeMail } from './encode.js';
import { outcomeOf } from './outcome.js';
import { openPool } from './server.js';
import { returnAddress } from './verp.js';

/** Whom to ask whether it was really them. */
export interface Asked {
  readonly address: string;
  readonly mode: Mode;
  readonly language: Language;
  /** Origin of the house's public pages. */
  readonly origin: string;
  readonly token: string;
  readonly now: Date;
}

/**
 * Sends the mail by which somebody confirms that they want notices. False when the server could not be reached or put it off:
 * then they may ask again. A mailbox that is refused for good counts as sent, so that nobody learns here which ones exist.
 */
export async function sendConfirmation(destination: Destination<EmailSettings>, secret: (name: string) => string, outgoing: Outgoing, asked: Asked, signal: AbortSignal): Promise<boolean> {
  const { settings, id } = destination;
  const pool = openPool(settings, secret, outgoing, 0);
  try {
    const bytes = await encodeMail(composeConfirmation(asked, settings), asked.now.toISOString(), settings, [asked.address]);
    // Stands for nobody: what comes back of it is taken and forgotten.
    const name = `c-${createHmac('sha256', asked.token).update('return').digest('hex').slice(0, 32)}`;
    const answer = await pool.send({ from: returnAddress(name, id, settings.bounce.domain, secret(settings.bounce.secret)), to: [{ address: asked.address }] }, bytes, signal);
    return 'sent' in answer || outcomeOf(answer.trouble).kind === 'refused';
  } finally {
    pool.close();
  }
}
