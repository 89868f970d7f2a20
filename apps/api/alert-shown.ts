import { z } from 'zod';
import type { Alert } from '#alerts/alert.js';
import { contentSchema } from '#alerts/content.js';
import { mayDo, type Officer } from '#identity/officer.js';

const statuses = ['prepared', 'active', 'found', 'withdrawn', 'expired', 'rejected', 'erased'] as const;
export const alertStatusSchema = z.enum(statuses);

const content = contentSchema.optional();

/** An alert as an officer sees it. Content is there for those who may read it. */
export const alertSchema = z.object({
  id: z.string(), mode: z.enum(['drill', 'live']), status: alertStatusSchema, version: z.int(), createdBy: z.string(), createdAt: z.iso.datetime(),
  lastRevision: z.int(),
  proposal: z.object({
    revision: z.int(), kind: z.enum(['alert', 'update']), status: z.enum(['draft', 'in_review', 'returned']), writers: z.array(z.string()),
    submittedBy: z.string().optional(), contentHash: z.string().optional(), content,
  }).optional(),
  published: z.object({
    revision: z.int(), identifier: z.string(), contentHash: z.string(), sentAt: z.iso.datetime(), expiresAt: z.iso.datetime(), content,
  }).optional(),
}).meta({ id: 'Alert' });
export type ShownAlert = z.input<typeof alertSchema>;

/** Shows an alert to an officer: without its content to those who may not read it. */
export function showAlert({ id, mode, status, version, createdBy, createdAt, lastRevision, proposal, published }: Alert, reader: Officer): ShownAlert {
  const open = mayDo(reader, 'alert.content');
  return {
    id, mode, status, version, createdBy, createdAt: createdAt.toISOString(), lastRevision,
    ...(proposal && {
      proposal: {
        revision: proposal.revision, kind: proposal.kind, status: proposal.status, writers: [...proposal.writers],
        ...(proposal.submittedBy && { submittedBy: proposal.submittedBy }),
        // Frozen with the review; a returned revision keeps the hash of what was returned.
        ...(proposal.contentHash && { contentHash: proposal.contentHash }),
        ...(open && { content: proposal.content }),
      },
    }),
    ...(published && {
      published: {
        revision: published.revision, identifier: published.identifier, contentHash: published.contentHash, sentAt: published.sentAt.toISOString(),
        expiresAt: published.expiresAt.toISOString(), ...(open && { content: published.content }),
      },
    }),
  };
}
