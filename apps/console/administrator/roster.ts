import { useQuery } from '@tanstack/react-query';
import type { OfficerShown } from '#apps/api/officers.controller.js';
import { read } from '../api.js';

const PATH = '/v1/officers';

/** All officers, and their names by id. */
export function useRoster(): { readonly officers: readonly OfficerShown[]; readonly nameOf: (id: string) => string | undefined } {
  const { data } = useQuery({ queryKey: [PATH], queryFn: ({ signal }) => read<{ items: readonly OfficerShown[] }>(PATH, signal), staleTime: 10_000 });
  const officers = data?.items ?? [];
  return { officers, nameOf: (id) => officers.find((officer) => officer.id === id)?.displayName };
}
