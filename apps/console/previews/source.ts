import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { z } from 'zod';
import type { contentPreviewsSchema, previewsSchema } from '#apps/api/previews-shown.js';
import type { ContentInput } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { ask, read, readBlob } from '../api.js';

export type Previews = z.output<typeof previewsSchema>;
export type ContentPreviews = z.output<typeof contentPreviewsSchema>;
export type Group = Previews['channels'][number];
export type Preview = Group['previews'][number];
export type Exhibit = Group['exhibits'][number];
export type Fault = ContentPreviews['faults'][number];

/** Where pictures, sounds and documents of what is shown come from. */
export interface Source {
  /** Different for everything that could look different. */
  readonly key: readonly unknown[];
  open(destination: string, route: number, name: string, signal: AbortSignal): Promise<Blob>;
}

/** What would be sent of an alert as the API has it: in the making, in review, or published. */
export function useAlertPreviews(mode: Mode, id: string) {
  const path = `/v1/${mode}/alerts/${id}/previews`;
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => read<Previews>(path, signal) });
}

/** Exhibits of exactly the version that the previews are of: another one is refused rather than shown. */
export function alertSource(mode: Mode, id: string, version: number | null): Source {
  const path = `/v1/${mode}/alerts/${id}/previews`;
  return {
    key: [path, version],
    open: (destination, route, name, signal) => readBlob(`${path}/${destination}/${route}/${name}${version === null ? '' : `?version=${version}`}`, { signal }),
  };
}

/** How long typing rests before what it would become is asked for, in milliseconds. */
const REST_MS = 400;

/** What content that is not handed in would become, and its faults; a moment after it last changed. What was known stays in sight meanwhile. */
export function useContentPreviews(mode: Mode, content: Partial<ContentInput>) {
  const rested = useRested(JSON.stringify(content));
  const path = `/v1/${mode}/previews`;
  return useQuery<ContentPreviews>({
    queryKey: [path, rested], placeholderData: keepPreviousData, staleTime: Infinity, gcTime: 10_000,
    queryFn: async ({ signal }) => (await ask<ContentPreviews>('POST', path, { body: JSON.parse(rested) as unknown, signal })).body,
  });
}

/** Exhibits of content that is not handed in; its photo is the one that the draft keeps. */
export function contentSource(mode: Mode, draft: string, content: Partial<ContentInput>): Source {
  const path = `/v1/${mode}/previews`;
  return { key: [path, draft, JSON.stringify(content)], open: (destination, route, name, signal) => readBlob(`${path}/${destination}/${route}/${name}?draft=${draft}`, { body: content, signal }) };
}

function useRested(value: string): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => { setRested(value); }, REST_MS);
    return () => { clearTimeout(timer); };
  }, [value]);
  return rested;
}
