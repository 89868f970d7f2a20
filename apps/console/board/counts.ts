import type { ShownBoard, ShownMessage, ShownPartner } from '#apps/api/board.controller.js';
import type { Standing } from '#dispatch/board.js';

/** The order in which a bar and its words go: what is done first, what needs a person last. */
export const ORDER: readonly Standing[] = ['confirmed', 'unknowable', 'accepted', 'sent', 'queued', 'closed', 'cancelled', 'uncertain', 'failed'];

export type StandingCounts = Readonly<Partial<Record<Standing, number>>>;

/** The newest message to a partner, or the one that goes with a revision. */
export const messageTo = (partner: ShownPartner, revision?: number): ShownMessage | undefined =>
  revision === undefined ? partner.messages[0] : partner.messages.find((message) => message.revision === revision);

/** How many partners stand how with a message. One to which it does not go is not counted. */
export function countPartners(partners: readonly ShownPartner[], revision: number | undefined): StandingCounts {
  const counts: Partial<Record<Standing, number>> = {};
  for (const partner of partners) {
    const standing = revision === undefined ? undefined : messageTo(partner, revision)?.standing;
    if (standing) counts[standing] = (counts[standing] ?? 0) + 1;
  }
  return counts;
}

export const total = (counts: StandingCounts): number => Object.values(counts).reduce((all, n) => all + n, 0);

/** Whether a partner needs somebody's eye: it did not get the newest message as it should, or its line is in trouble. */
export function needsAnEye(partner: ShownPartner): boolean {
  const newest = partner.messages[0];
  return partner.routes.some(({ breaker }) => breaker !== 'closed') || (partner.airing?.missed ?? 0) > 0 || partner.erasure?.overdue === true || !partner.isConfigured
    || (newest !== undefined && (newest.standing === 'failed' || newest.standing === 'uncertain' || (newest.standing === 'queued' && newest.attempts > 0)));
}

/** Partners by their channel, in the order in which the configuration first names each. */
export function byChannel({ partners }: Pick<ShownBoard, 'partners'>): readonly (readonly [string, readonly ShownPartner[]])[] {
  const channels = new Map<string, ShownPartner[]>();
  for (const partner of partners) {
    const own = channels.get(partner.channel);
    if (own) own.push(partner);
    else channels.set(partner.channel, [partner]);
  }
  return [...channels];
}
