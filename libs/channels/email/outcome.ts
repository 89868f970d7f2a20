import type { Outcome, ProbeResult } from '#dispatch/channel.js';
import type { Rejection, SmtpReply, SmtpTrouble } from './smtp.js';

/** A reply in the words of a reason: digits only, never the server's text. */
const words = ({ code, status }: SmtpReply) => (status ? `SMTP ${code} ${status}` : `SMTP ${code}`);

/** A reply that will be the same next time (RFC 5321, section 4.2.1: 5yz is permanent, 4yz transient). */
export const isLasting = ({ reply }: Rejection): boolean => reply !== undefined && reply.code >= 500;

/**
 * What a failed transaction means. Once a byte of the message left, only a reply to it tells whether it was taken. Before
 * that nothing was; then only a reply to the envelope is a refusal of this message: a server that does not greet, does not
 * let us sign in or is configured wrong is trouble that passes, and the alert must go out when it has passed.
 */
export function outcomeOf(trouble: SmtpTrouble): Outcome {
  const { bytesLeft, code, reply } = trouble;
  if (code === 'aborted') return { kind: bytesLeft ? 'uncertain' : 'deferred', reason: 'aborted' };
  const aboutMessage = code === 'EENVELOPE' || code === 'EMESSAGE';
  if (reply && aboutMessage && reply.code >= 500) return { kind: 'refused', reason: words(reply) };
  if (reply && reply.code >= 400) return { kind: 'deferred', reason: words(reply) };
  if (bytesLeft) return { kind: 'uncertain', reason: `no valid answer to the message (${code})` };
  // nodemailer compares the size that the server announced with that of the message before it says anything.
  if (code === 'EMESSAGE') return { kind: 'refused', reason: 'larger than the server takes' };
  return { kind: 'deferred', reason: code.startsWith('address_') ? code : `not reached (${code})` };
}

/** What a look at the server showed: its trouble, if it has any, named as the outcome of a mail would name it. */
export function probeOf(trouble: SmtpTrouble | undefined): ProbeResult {
  if (!trouble) return { well: true };
  const outcome = outcomeOf(trouble);
  return { well: false, reason: 'reason' in outcome ? outcome.reason : outcome.kind };
}

/**
 * Statuses that say of the mailbox itself that it is no more: bad address, bad domain, moved, null MX, disabled (RFC 3463,
 * sections 3.2 and 3.3; RFC 7505). Any other 5yz may be about the message, about us, or about a full mailbox.
 */
const GONE = new Set(['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1']);
export const saysGone = (status: string | undefined): boolean => status !== undefined && GONE.has(status);
