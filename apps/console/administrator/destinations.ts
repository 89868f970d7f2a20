import { useQuery } from '@tanstack/react-query';
import type { DestinationShown } from '#apps/api/destinations.controller.js';
import { read } from '../api.js';

const PATH = '/v1/destinations';
const LOOK_AGAIN_MS = 15_000;

/** Every destination as it is at present; undefined while that is not known. */
export function useDestinations(): readonly DestinationShown[] | undefined {
  return useQuery({ queryKey: [PATH], queryFn: ({ signal }) => read<{ items: readonly DestinationShown[] }>(PATH, signal), refetchInterval: LOOK_AGAIN_MS }).data?.items;
}
