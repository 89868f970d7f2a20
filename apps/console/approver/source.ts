import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import type { alertSchema } from '#apps/api/alert-shown.js';
import type { reviewSchema, reviewsSchema } from '#apps/api/reviews-shown.js';
import type { Mode } from '#alerts/notice.js';
import { read, Refused } from '../api.js';
import { useEvents, type StreamState } from '../events.js';

export type Reviews = z.output<typeof reviewsSchema>;
export type Waiting = Reviews['items'][number];
export type Review = z.output<typeof reviewSchema>;
export type Alert = z.output<typeof alertSchema>;

const queueOf = (mode: Mode): string => `/v1/${mode}/reviews`;

/** The queue of a mode, asked for again whenever a revision moves. */
export function useReviews(mode: Mode) {
  const queries = useQueryClient();
  const path = queueOf(mode);
  const stream: StreamState = useEvents(mode, ({ type }) => {
    if (/^(?:revision|alert)\./.test(type)) void queries.invalidateQueries({ queryKey: [path] });
  });
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<Reviews>(path, signal), refetchInterval: 30_000, refetchIntervalInBackground: true });
  return { ...query, stream };
}

/** A revision with all that its reviewer needs; asked for again when it moves. Nothing when there is none in the making. */
export function useReview(mode: Mode, id: string) {
  const queries = useQueryClient();
  const path = `/v1/${mode}/alerts/${id}`;
  useEvents(mode, ({ type, alert }) => {
    if (alert !== id || !/^(?:revision|alert|photo)\./.test(type)) return;
    void queries.invalidateQueries({ queryKey: [`${path}/review`] });
    void queries.invalidateQueries({ queryKey: [`${path}/previews`] });
  });
  return useQuery({
    queryKey: [`${path}/review`],
    queryFn: async ({ signal }): Promise<{ readonly review: Review; readonly alert: Alert } | null> => {
      try {
        const [review, alert] = await Promise.all([read<Review>(`${path}/review`, signal), read<Alert>(path, signal)]);
        // Between two readings it may have moved; one more look brings both to the same version.
        return review.version === alert.version ? { review, alert } : { review: await read<Review>(`${path}/review`, signal), alert: await read<Alert>(path, signal) };
      } catch (error) {
        if (error instanceof Refused && error.code === 'REVISION_MISSING') return null;
        throw error;
      }
    },
  });
}
