import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Req, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { fail } from '#kernel/errors.js';
import { isUuid, type AlertId } from '#kernel/ids.js';
import { DraftActions } from '#alerts/draft-actions.js';
import { writingSchema, type Draft } from '#alerts/draft.js';
import type { Mode } from '#alerts/notice.js';
import type { SignedIn } from '#identity/accounts.js';
import { AnsweredRequests } from '#storage/answered-requests.js';
import { DraftDesk } from '#storage/draft-desk.js';
import { PgDraftStore } from '#storage/draft-store.js';
import { alertSchema, showAlert } from './alert-shown.js';
import { Door, Who } from './door.js';
import type { DoorRequest } from './door.js';
import { draftListSchema, draftSchema, draftStandSchema, named, showDraft, showSentBack, showStand, type DraftList } from './draft-shown.js';
import { once, tagVersion, versionRead } from './preconditions.js';
import { HOUSE } from './parts.js';

/** With `alertId` the draft begins with that alert's own words; without, with what is written so far. */
const beginBody = z.strictObject({ alertId: z.string().refine(isUuid).optional(), content: writingSchema.shape.content.default({}), unfinished: writingSchema.shape.unfinished });
const handInBody = z.strictObject({ submit: z.boolean().default(false), over: z.int().min(1).optional() });

/** More drafts than anyone reads. */
const MOST_LISTED = 100;

const VERSION = { 'If-Match': 'The version of the draft that was read, from ETag. Required.' };
const KEY = { 'Idempotency-Key': 'The same key with the same request gets the same answer and has one effect.' };
const GONE = ['DRAFT_MISSING', 'DRAFT_STALE'] as const;

/**
 * What authors write before it becomes an alert's proposal: kept as it is typed, and always answered with what still stands
 * between it and its submission. A save on another version than the present one is refused, and nothing of either is lost.
 */
@Controller('v1/:mode/drafts')
export class DraftsController {
  constructor(
    private readonly actions: DraftActions,
    private readonly drafts: PgDraftStore,
    private readonly desk: DraftDesk,
    private readonly answered: AnsweredRequests,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  @Post()
  @Door({
    action: 'alert.write', summary: 'Begin a draft: of a new alert, or over the revision of one that is being written. The alert has one draft; whoever comes second gets it too.',
    body: beginBody, response: draftSchema, status: 201, headers: KEY,
    refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'ALERT_STALE', 'TRANSITION_NOT_ALLOWED', 'CONTENT_INVALID', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async begin(
    @Param('mode') mode: Mode, @Body() body: z.output<typeof beginBody>, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const over = body.alertId as AlertId | undefined;
    const { subject } = await once(
      { answered: this.answered, request, officer: who.officer.id, subject: over ?? this.house.ids.next<AlertId>(), status: 201, body },
      async ({ subject: id, resumed }) => {
        if (over !== undefined) await this.actions.open(mode, id, who.officer.id);
        else if (!resumed || !(await this.isThere(mode, id))) await this.actions.begin(mode, id, { content: body.content, unfinished: body.unfinished }, who.officer.id);
      });
    reply.header('location', `/v1/${mode}/drafts/${subject}`);
    return this.shown(await this.drafts.load(mode, subject as AlertId), who, reply);
  }

  @Get()
  @Door({ action: 'alert.write', summary: 'The drafts that are open, and the revisions that wait to be written on, with the reason where one came back.', response: draftListSchema })
  async list(@Param('mode') mode: Mode, @Who() who: SignedIn): Promise<DraftList> {
    const [drafts, waiting] = await Promise.all([this.drafts.list(mode, MOST_LISTED), this.desk.waiting(mode, MOST_LISTED)]);
    const [present, names, reasons] = await Promise.all([
      this.desk.present(drafts.map(({ id }) => id), this.house.clock.now()),
      this.desk.names(drafts.flatMap(({ savedBy, writers }) => [savedBy, ...writers])),
      this.reasons([...drafts.filter(({ over }) => over !== null), ...waiting.filter(({ status }) => status === 'returned')].map(({ id }) => id)),
    ]);
    return {
      drafts: drafts.map((draft) => ({
        ...showStand(draft, { reader: who.officer.id, names, present: present.get(draft.id) ?? [] }),
        caseNumber: draft.content.caseNumber ?? '', name: { latin: draft.content.child?.name?.latin ?? '', cyrillic: draft.content.child?.name?.cyrillic ?? '' },
        writers: draft.writers.map((id) => named(names, id)), over: draft.over !== null, sentBack: showSentBack(reasons.get(draft.id)),
      })),
      waiting: waiting.map((one) => ({ ...one, sentBack: showSentBack(reasons.get(one.id)) })),
    };
  }

  @Get(':id')
  @Door({ action: 'alert.write', summary: 'A draft; its version is the ETag.', response: draftSchema, refusals: ['DRAFT_MISSING'] })
  async read(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.shown(await this.drafts.load(mode, id), who, reply);
  }

  @Put(':id')
  @Door({
    action: 'alert.write', summary: 'Save what is written, as far as it goes. Refused with DRAFT_STALE when somebody saved since it was read.', body: writingSchema, response: draftSchema,
    headers: VERSION, refusals: [...GONE, 'CONTENT_INVALID'],
  })
  async save(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() body: z.output<typeof writingSchema>, @Who() who: SignedIn, @Req() request: DoorRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.shown(await this.actions.save({ mode, id, version: versionRead(request) }, body, who.officer.id), who, reply);
  }

  @Post(':id/presence')
  @Door({ action: 'alert.write', summary: 'Say that the draft is open here, and hear who else has it open and whether it was saved meanwhile.', response: draftStandSchema, refusals: ['DRAFT_MISSING'] })
  async presence(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn) {
    const draft = await this.drafts.load(mode, id);
    return showStand(draft, await this.around(draft, who));
  }

  @Put(':id/photo')
  @Door({
    action: 'alert.write', summary: 'Put a photo into the draft: JPEG, PNG or WebP, 10 MiB at most; it is encoded anew and loses all metadata.', takes: 'picture', response: draftSchema,
    headers: VERSION, refusals: [...GONE, 'PHOTO_NOT_A_PICTURE', 'PHOTO_TOO_LARGE', 'PHOTO_TRAILING_DATA'],
  })
  async putPhoto(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() body: Buffer | undefined, @Who() who: SignedIn, @Req() request: DoorRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!body?.length) throw fail('PHOTO_NOT_A_PICTURE', 'photo');
    return this.shown(await this.actions.attachPhoto({ mode, id, version: versionRead(request) }, body, who.officer.id), who, reply);
  }

  @Delete(':id/photo')
  @Door({ action: 'alert.write', summary: 'Take the photo out of the draft.', response: draftSchema, headers: VERSION, refusals: GONE })
  async removePhoto(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.shown(await this.actions.removePhoto({ mode, id, version: versionRead(request) }, who.officer.id), who, reply);
  }

  @Get(':id/photo')
  @Door({ action: 'alert.write', summary: 'The photo of the draft, as it was encoded anew.', response: 'image/jpeg', refusals: ['DRAFT_MISSING', 'REVISION_MISSING'] })
  async readPhoto(@Param('mode') mode: Mode, @Param('id') id: AlertId) {
    const bytes = await this.drafts.photo(await this.drafts.load(mode, id));
    if (!bytes) throw fail('REVISION_MISSING', 'photo');
    return new StreamableFile(bytes, { type: 'image/jpeg', length: bytes.length, disposition: 'inline' });
  }

  @Post(':id/hand-in')
  @Door({
    action: 'alert.write', summary: 'Make the draft the alert\'s proposal, with all who wrote any of it as its writers, and submit it for review if asked. Nothing is left of the draft.',
    body: handInBody, response: alertSchema, headers: { ...VERSION, ...KEY },
    refusals: [...GONE, 'ALERT_STALE', 'ALERT_MISSING', 'ALERT_ERASED', 'TRANSITION_NOT_ALLOWED', 'CONTENT_INVALID', 'BIRTH_DATE_ADULT', 'BIRTH_DATE_FUTURE', 'LAST_SEEN_FUTURE',
      'CRITERION_MISSING', 'CRITERION_NOT_MET', 'AREA_MISSING', 'AREA_OUTSIDE_SERBIA', 'AREA_SELF_CROSSING', 'AREA_TOO_SMALL', 'AREA_UNKNOWN_DISTRICT', 'SCRIPT_MIXED',
      'VALIDITY_OUT_OF_RANGE', 'TEXT_TOO_LONG', 'TEXT_NOT_ENCODABLE', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async handIn(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() body: z.output<typeof handInBody>, @Who() who: SignedIn, @Req() request: DoorRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const version = versionRead(request);
    await once({ answered: this.answered, request, officer: who.officer.id, subject: id, status: 200, body }, async ({ resumed }) => {
      // The run that was lost may have handed it in already; then nothing is left of the draft.
      if (resumed && !(await this.isThere(mode, id))) return;
      await this.actions.handIn({ mode, id, version }, body, who.officer.id);
    });
    const alert = await this.house.alerts.load(mode, id);
    tagVersion(reply, alert);
    return showAlert(alert, who.officer);
  }

  @Delete(':id')
  @Door({ action: 'alert.write', summary: 'Discard a draft: it is erased, its key included.', status: 204, headers: VERSION, refusals: GONE })
  async discard(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn, @Req() request: DoorRequest): Promise<void> {
    await this.actions.discard({ mode, id, version: versionRead(request) }, who.officer.id);
  }

  private async shown(draft: Draft, who: SignedIn, reply: FastifyReply) {
    const alert = await this.actions.alertUnder(draft);
    const [around, sentBack] = await Promise.all([this.around(draft, who), draft.over === null ? undefined : this.desk.sentBack(draft.id)]);
    tagVersion(reply, draft);
    return showDraft(draft, { ...around, alert, sentBack, faults: this.actions.faults(draft, alert) });
  }

  /** Whoever reads or saves a draft is at it. */
  private async around({ id, savedBy, begunBy, writers }: Draft, { officer }: SignedIn) {
    const now = this.house.clock.now();
    await this.desk.seen(id, officer.id, now);
    const [present, names] = await Promise.all([this.desk.present([id], now), this.desk.names([savedBy, begunBy, ...writers])]);
    return { reader: officer.id, names, present: present.get(id) ?? [] };
  }

  private async reasons(ids: readonly AlertId[]) {
    return new Map(await Promise.all(ids.map(async (id) => [id, await this.desk.sentBack(id)] as const)));
  }

  private async isThere(mode: Mode, id: AlertId): Promise<boolean> {
    try {
      await this.drafts.load(mode, id);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === 'DRAFT_MISSING') return false;
      throw error;
    }
  }
}
