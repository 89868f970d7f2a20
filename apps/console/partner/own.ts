import { useQuery } from '@tanstack/react-query';
import type { PartnerDestinationAnswer } from '#apps/api/partner-desk.controller.js';
import { read } from '../api.js';

const PATH = '/v1/partner/destinations';
/** Milliseconds after which a desk looks again by itself. */
export const LOOK_AGAIN_MS = 10_000;

/** The destinations of the account; undefined while they are not known. */
export function useOwn() {
  return useQuery({ queryKey: [PATH], queryFn: ({ signal }) => read<{ items: readonly PartnerDestinationAnswer[] }>(PATH, signal), refetchInterval: LOOK_AGAIN_MS });
}

/** Something of one destination, looked at again and again. `everyMs` where it changes quickly. */
export function useOf<T>(destination: string, what: string, everyMs = LOOK_AGAIN_MS) {
  const path = addressOf(destination, what);
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => read<T>(path, signal), refetchInterval: everyMs });
}

/** An address of one destination of the account. */
export function addressOf(destination: string, what: string): string {
  return `${PATH}/${encodeURIComponent(destination)}/${what}`;
}
