import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PublicDocument } from './published.js';

/**
 * Answers with the kept octets, or that the caller has them already. Nothing is rendered, hashed or compressed here. With `now` it
 * says since when it is so: not within the same second, in which it may change once more (RFC 9110 section 8.8.2.2).
 */
export async function answerConditionally(request: FastifyRequest, reply: FastifyReply, { status, type, bytes, etag, gzip, modified }: PublicDocument, now?: Date): Promise<void> {
  const packed = gzip !== undefined && /(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(request.headers['accept-encoding'] ?? '');
  const shown = packed ? gzip : { bytes, etag };
  reply.header('etag', shown.etag);
  if (modified && now && secondOf(modified) < secondOf(now)) reply.header('last-modified', modified.toUTCString());
  if (gzip) reply.header('vary', 'accept-encoding');
  const { 'if-none-match': tags, 'if-modified-since': since } = request.headers;
  if (status === 200 && (tags === undefined ? isUnchanged(since, modified) : matches(tags, etag, gzip?.etag))) return void (await reply.status(304).send());
  if (packed) reply.header('content-encoding', 'gzip');
  await reply.status(status).header('content-type', type).send(shown.bytes);
}

/** If-None-Match compares weakly (RFC 9110 section 13.1.2), and either representation is the present one. */
function matches(header: string, ...etags: readonly (string | undefined)[]): boolean {
  return header.split(',').map((tag) => tag.trim().replace(/^W\//, '')).some((tag) => tag === '*' || etags.includes(tag));
}

/** If-Modified-Since counts only where it is a date and there is no If-None-Match (RFC 9110 section 13.1.3). */
function isUnchanged(since: string | undefined, modified: Date | undefined): boolean {
  return since !== undefined && modified !== undefined && secondOf(modified) * 1_000 <= Date.parse(since);
}

const secondOf = (at: Date): number => Math.floor(at.getTime() / 1_000);
