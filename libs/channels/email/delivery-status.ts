import { simpleParser } from 'mailparser';

/** What a notification says about one recipient. */
export interface RecipientStatus {
  readonly recipient: string;
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** Enhanced status such as `5.1.1` (RFC 3463). */
  readonly status?: string;
  readonly at?: Date;
}

/** A delivery status notification (RFC 3464). */
export interface DeliveryStatus {
  /** `Original-Envelope-Id`: what we gave as ENVID. */
  readonly envelopeId?: string;
  readonly recipients: readonly RecipientStatus[];
}

const ACTIONS: readonly string[] = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] satisfies RecipientStatus['action'][];
const RECIPIENTS_AT_MOST = 100;

/**
 * Reads a notification: `multipart/report` with `report-type=delivery-status` and a `message/delivery-status` part. OpenSMTPD
 * calls the whole `multipart/mixed`; the part speaks for itself. Nothing when the mail is no such report. Recipients whose
 * group lacks an address or a known action are left out.
 */
export async function readDeliveryStatus(mail: Buffer): Promise<DeliveryStatus | undefined> {
  const parsed = await simpleParser(mail, { keepDeliveryStatus: true, skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true });
  const type = parsed.headers.get('content-type') as { value?: unknown; params?: Record<string, unknown> } | undefined;
  const isReport = type?.value === 'multipart/report' && String(type.params?.['report-type']).toLowerCase() === 'delivery-status';
  if (!isReport && type?.value !== 'multipart/mixed') return undefined;
  const part = parsed.attachments.find((a) => a.contentType === 'message/delivery-status');
  return part && readFields(part.content.toString('utf8'));
}

/** Reads the part's own groups of fields: the first about the message, each further one about a recipient (section 2.1). */
export function readFields(body: string): DeliveryStatus {
  const groups = body.replace(/\r\n?/g, '\n').split(/\n[ \t]*\n+/).map(readGroup).filter((g) => g.size > 0);
  const [message, ...rest] = groups;
  // Some servers leave the fields of the message out.
  const about = message && (message.has('final-recipient') ? groups : rest);
  const envelopeId = message?.get('original-envelope-id');
  return { ...(envelopeId && { envelopeId }), recipients: (about ?? []).slice(0, RECIPIENTS_AT_MOST).flatMap(recipientOf) };
}

function readGroup(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  // A line that begins with a blank continues the one before (RFC 5322, section 2.2.3).
  for (const line of text.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const [, name, value] = /^([A-Za-z0-9-]{1,64}):(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !fields.has(name.toLowerCase())) fields.set(name.toLowerCase(), value.trim());
  }
  return fields;
}

function recipientOf(fields: ReadonlyMap<string, string>): RecipientStatus[] {
  const recipient = addressIn(fields.get('original-recipient')) ?? addressIn(fields.get('final-recipient'));
  const action = fields.get('action')?.toLowerCase().split(/[\s(]/)[0];
  if (recipient === undefined || action === undefined || !ACTIONS.includes(action)) return [];
  const status = /^[245]\.\d{1,3}\.\d{1,3}(?=$|[\s(])/.exec(fields.get('status') ?? '')?.[0];
  const at = Date.parse(fields.get('last-attempt-date') ?? '');
  return [{ recipient, action: action as RecipientStatus['action'], ...(status && { status }), ...(!Number.isNaN(at) && { at: new Date(at) }) }];
}

/** `rfc822; desk@example.org`: the address behind its type. */
function addressIn(field: string | undefined): string | undefined {
  const [, address] = /^rfc822\s*;\s*<?([^\s<>]{3,254})>?/i.exec(field ?? '') ?? [];
  return address;
}
