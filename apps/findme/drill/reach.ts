import type { ApiClient } from './api-client.js';

/** How far a notice has come at one destination, as the API shows it. */
export interface ReachView {
  readonly destination: string;
  readonly channel: string;
  readonly people: { readonly taken: number; readonly total: number | null };
  readonly percent: number;
  readonly perSecond: number | null;
  readonly lastSubscriberAt: string | null;
  readonly isEstimate: boolean;
}

/** How far the newest message of an alert has come, destination by destination. */
export async function readReach(api: ApiClient, path: string): Promise<readonly ReachView[]> {
  return (await api.get<{ destinations: ReachView[] }>(`${path}/reach`)).destinations;
}

/** Operators, and whoever else tells people one by one: the others have no last subscriber. */
export const tellsPeople = ({ channel, people }: ReachView): boolean => channel === 'smpp' || people.total !== null;

/** `mts  42.5%  4250 of 10000  812.3/s  last one about 18:04:11`. */
export function reachLine({ destination, people: { taken, total }, percent, perSecond, lastSubscriberAt, isEstimate }: ReachView): string {
  const counted = total === null ? '' : `  ${taken} of ${total}`;
  const rate = perSecond === null ? '' : `  ${perSecond}/s`;
  const last = lastSubscriberAt === null ? '' : `  last one ${isEstimate ? 'about ' : ''}${lastSubscriberAt.slice(11, 19)} UTC`;
  return `  reach     ${destination.padEnd(24)} ${percent}%${counted}${rate}${last}`;
}
