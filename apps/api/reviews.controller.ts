import { Controller, Get, Inject, Param } from '@nestjs/common';
import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import { fail } from '#kernel/errors.js';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import { AlertActions } from '#alerts/alert-actions.js';
import type { Alert } from '#alerts/alert.js';
import type { Area } from '#alerts/content.js';
import { differencesOf } from '#alerts/differences.js';
import type { Mode } from '#alerts/notice.js';
import type { Destination } from '#dispatch/channel.js';
import { mayDo, type Officer } from '#identity/officer.js';
import type { SignedIn } from '#identity/accounts.js';
import { DraftDesk } from '#storage/draft-desk.js';
import { ReviewView, type Person } from '#storage/review-view.js';
import { Door, Who } from './door.js';
import { HOUSE } from './parts.js';
import { reviewSchema, reviewsSchema, type ShownReview } from './reviews-shown.js';

/** What an approver needs beside the content and its previews. */
@Controller('v1/:mode')
export class ReviewsController {
  private readonly view: ReviewView;

  constructor(
    private readonly actions: AlertActions,
    private readonly desk: DraftDesk,
    @Inject(HOUSE) private readonly house: House,
  ) {
    this.view = new ReviewView(house.source);
  }

  @Get('reviews')
  @Door({ action: 'alert.read', summary: 'The revisions in review, whoever has waited longest first; no personal data but case numbers.', response: reviewsSchema })
  async waiting(@Param('mode') mode: Mode, @Who() { officer }: SignedIn) {
    const found = await this.view.waiting(mode);
    return { items: found.map(({ writers, ...review }) => ({ ...review, isOwn: writers.includes(officer.id) || review.submittedBy.id === officer.id })) };
  }

  @Get('alerts/:id/review')
  @Door({
    action: 'alert.content', summary: 'The revision in the making as its reviewer needs it: who wrote it, what changed since the last one, how many it reaches, and whether this officer may approve it.',
    response: reviewSchema, refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'REVISION_MISSING'],
  })
  async ofAlert(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() { officer }: SignedIn): Promise<ShownReview> {
    const alert = await this.house.alerts.load(mode, id);
    const { proposal } = alert;
    if (!proposal) throw fail('REVISION_MISSING');
    const { submittedBy, content } = proposal;
    const { texts, area } = this.actions.notice(alert);
    const people = await this.view.people([...proposal.writers, ...(submittedBy ? [submittedBy] : [])]);
    const since = proposal.status === 'in_review' ? await this.view.waitingSince(id) : undefined;
    const sentBack = await this.desk.sentBack(id);
    return {
      id, mode, version: alert.version, revision: proposal.revision, kind: proposal.kind, status: proposal.status, contentHash: proposal.contentHash ?? null,
      caseNumber: content.caseNumber, validHours: content.validHours,
      area: { 'sr-Latn': texts['sr-Latn'].area, 'sr-Cyrl': texts['sr-Cyrl'].area, en: texts.en.area },
      writers: proposal.writers.map((writer) => personOf(people, writer)), submittedBy: submittedBy ? personOf(people, submittedBy) : null,
      waitingSince: since?.toISOString() ?? null, refusal: refusalOf(alert, officer),
      reach: await this.reachOf(mode, area), comparisons: comparisonsOf(alert),
      sentBack: sentBack ? { by: { id: sentBack.by.id, displayName: sentBack.by.name }, at: sentBack.at.toISOString(), reason: sentBack.reason } : null,
    };
  }

  private async reachOf(mode: Mode, area: Area): Promise<ShownReview['reach']> {
    const own = this.house.configuration.destinations.filter((destination) => destination.mode === mode);
    const counted = await Promise.all(own.map(async (destination) => ({ channel: destination.channel, id: destination.id, name: destination.name, people: await this.peopleAt(destination, area) })));
    const channels = new Map<string, Omit<(typeof counted)[number], 'channel'>[]>();
    for (const { channel, ...destination } of counted) channels.set(channel, [...(channels.get(channel) ?? []), destination]);
    return { destinations: own.length, channels: [...channels].map(([channel, destinations]) => ({ channel, destinations })) };
  }

  /** How many people a destination reaches one by one; null where nobody can tell. */
  private async peopleAt({ channel, mode, settings }: Destination, area: Area): Promise<number | null> {
    const reached = channelByKind(channel).reaches?.(settings);
    if (!reached) return null;
    return 'people' in reached ? reached.people : this.house.audience.count({ kind: reached.members, mode, shard: 0, shards: 1, area });
  }
}

const personOf = (people: ReadonlyMap<OfficerId, Person>, id: OfficerId): Person => people.get(id) ?? { id, displayName: id };

/** The refusal that an approval by this officer would get, before its hash and code are looked at. */
function refusalOf({ proposal }: Alert, officer: Officer): ShownReview['refusal'] {
  if (!mayDo(officer, 'alert.approve')) return 'ROLE_MISSING';
  if (proposal?.status !== 'in_review') return 'TRANSITION_NOT_ALLOWED';
  return proposal.writers.includes(officer.id) || proposal.submittedBy === officer.id ? 'APPROVER_IS_WRITER' : null;
}

function comparisonsOf({ proposal, published }: Alert): ShownReview['comparisons'] {
  if (!proposal) return [];
  const since = (what: 'returned' | 'published', before: Alert['published'] | { content: typeof proposal.content } | undefined) =>
    (before ? [{ since: what, changes: [...differencesOf(before.content, proposal.content)] }] : []);
  return [...since('returned', proposal.returned && { content: proposal.returned }), ...since('published', published)];
}
