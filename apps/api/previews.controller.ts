import { Body, Controller, Get, Inject, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { catalog } from '#channels/catalog.js';
import { fail, Refusal, type Fault } from '#kernel/errors.js';
import { isUuid, type AlertId } from '#kernel/ids.js';
import { AlertActions } from '#alerts/alert-actions.js';
import { asIfApproved, createAlert, type Alert } from '#alerts/alert.js';
import { simplifyArea } from '#alerts/area.js';
import { checkContent, parseContent } from '#alerts/checks.js';
import { contentSchema, type Area, type Content } from '#alerts/content.js';
import type { Mode, Notice, SentNotice } from '#alerts/notice.js';
import type { Photo } from '#dispatch/channel.js';
import type { SignedIn } from '#identity/accounts.js';
import { PgDraftStore } from '#storage/draft-store.js';
import { Door, Who } from './door.js';
import { HOUSE } from './parts.js';
import { contentPreviewsSchema, previewsSchema } from './previews-shown.js';
import { exhibitAt, previewsOf, type DestinationPreviews, type ExhibitAddress } from './previews.js';

const EXHIBIT = { destination: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/), route: z.string().regex(/^\d{1,2}$/), name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,79}$/) };
const versionQuery = z.strictObject({ version: z.coerce.number().int().min(1).optional() });
const draftQuery = z.strictObject({ draft: z.string().refine(isUuid).optional() });
type Address = Record<keyof ExhibitAddress, string>;

/** No alert has this id: content that is not kept has none. As long as any, so that every length is true. */
const UNKEPT = '00000000-0000-0000-0000-000000000000' as AlertId;

/** What would be sent, made by the code that sends it. Nothing is stored, and no cache keeps it. */
@Controller('v1/:mode')
export class PreviewsController {
  constructor(
    private readonly actions: AlertActions,
    private readonly drafts: PgDraftStore,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  @Get('alerts/:id/previews')
  @Door({
    action: 'alert.content', summary: 'Exactly what each channel would send, with lengths and faults; the frozen words while in review.', response: previewsSchema,
    refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'REVISION_MISSING'],
  })
  async ofAlert(@Param('mode') mode: Mode, @Param('id') id: AlertId) {
    const alert = await this.house.alerts.load(mode, id);
    const { notice, frozen } = await this.noticeOf(alert);
    const { proposal, published } = alert;
    const contentHash = proposal ? (proposal.status === 'in_review' ? proposal.contentHash ?? null : null) : published!.contentHash;
    return this.show(notice, { version: alert.version, contentHash, frozen, drawn: (proposal ?? published!).content.area });
  }

  @Get('alerts/:id/previews/:destination/:route/:name')
  @Door({
    action: 'alert.content', summary: 'A picture, sound or document that a destination would get over one of its routes, as the previews name it.', params: EXHIBIT, query: versionQuery,
    response: 'application/octet-stream', refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'ALERT_STALE', 'REVISION_MISSING', 'PREVIEW_MISSING', 'TEXT_TOO_LONG', 'TEXT_NOT_ENCODABLE'],
  })
  async exhibit(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Param() address: Address, @Query() { version }: z.output<typeof versionQuery>,
  ) {
    const { alerts } = this.house;
    const alert = await alerts.load(mode, id);
    // A picture of another version beside the words of this one would be approved unseen.
    if (version !== undefined && version !== alert.version) throw fail('ALERT_STALE', 'version', `Now ${alert.version}.`);
    const { notice } = await this.noticeOf(alert);
    const bytes = notice.photo && (await alerts.photo(id, notice.photo.sha256));
    return this.make(notice, address, notice.photo && bytes && { ...notice.photo, bytes });
  }

  @Post('previews')
  @Door({
    action: 'alert.write', summary: 'What content would become that is not handed in: its faults, and what each channel would send as soon as it is whole. Nothing is stored.',
    body: contentSchema, judgedBy: 'core', response: contentPreviewsSchema,
  })
  ofContent(@Param('mode') mode: Mode, @Body() body: unknown, @Who() who: SignedIn) {
    const faults: Fault[] = [];
    const content = told(faults, () => parseContent(body));
    if (content) faults.push(...checkContent(content, this.house.clock.now()));
    // Words can be composed of anything that has the form, whatever rule it breaks; those of an impossible area cannot.
    const previews = content && told(faults, () => this.show(this.unkept(mode, content, who), { version: null, contentHash: null, frozen: false, drawn: content.area }));
    if (previews) faults.push(...previews.channels.flatMap((group) => group.previews.flatMap((preview) => preview.faults)));
    return { faults: [...new Map(faults.map((fault) => [`${fault.code} ${fault.field}`, fault])).values()], previews: previews ?? null };
  }

  @Post('previews/:destination/:route/:name')
  @Door({
    action: 'alert.write', summary: 'A picture, sound or document of content that is not handed in, with the photo of the draft that is named. Nothing is stored.', params: EXHIBIT,
    query: draftQuery, body: contentSchema, judgedBy: 'core', response: 'application/octet-stream', refusals: ['CONTENT_INVALID', 'DRAFT_MISSING', 'PREVIEW_MISSING', 'TEXT_TOO_LONG', 'TEXT_NOT_ENCODABLE'],
  })
  async exhibitOfContent(
    @Param('mode') mode: Mode, @Param() address: Address, @Query() { draft: id }: z.output<typeof draftQuery>, @Body() body: unknown, @Who() who: SignedIn,
  ) {
    const notice = asIfApproved(this.unkept(mode, parseContent(body), who), this.house.clock.now());
    const draft = id === undefined ? undefined : await this.drafts.load(mode, id as AlertId);
    // The photo that the words were shown with, and no other that has come to the draft since.
    const bytes = draft?.photo && draft.photo.sha256 === notice.photo?.sha256 ? await this.drafts.photo(draft) : undefined;
    return this.make(notice, address, notice.photo && bytes && { ...notice.photo, bytes });
  }

  /** The notice that stands for an alert: the one in the making as it would be if it were approved now, else what was sent. */
  private async noticeOf(alert: Alert): Promise<{ readonly notice: SentNotice; readonly frozen: boolean }> {
    const { alerts, clock } = this.house;
    if (alert.proposal) return { notice: asIfApproved(this.actions.notice(alert), clock.now()), frozen: false };
    const notice = alert.published && (await alerts.sentNotice(alert.id, alert.published.revision));
    if (!notice) throw fail('REVISION_MISSING');
    return { notice, frozen: true };
  }

  private unkept(mode: Mode, content: Content, { officer }: SignedIn): Notice {
    return this.actions.notice(createAlert(UNKEPT, mode, content, officer.id, this.house.clock.now()));
  }

  private show(notice: Notice | SentNotice, of: { readonly version: number | null; readonly contentHash: string | null; readonly frozen: boolean; readonly drawn: Area }) {
    const { sent, expires } = 'sent' in notice ? notice : asIfApproved(notice, this.house.clock.now());
    const channels: readonly DestinationPreviews[] = previewsOf(notice, this.house.configuration.destinations, catalog);
    return {
      revision: notice.revision, kind: notice.kind, version: of.version, contentHash: of.contentHash, times: { sent, expires, frozen: of.frozen }, texts: notice.texts,
      area: { shown: notice.area, simplified: simplifyArea(of.drawn).simplified ?? null }, channels,
    };
  }

  private async make(notice: SentNotice, address: Address, photo?: Photo): Promise<StreamableFile> {
    const { destination, name } = address;
    const exhibit = exhibitAt(notice, { destination, name, route: Number(address.route) }, this.house.configuration.destinations, catalog);
    if (!exhibit) throw fail('PREVIEW_MISSING', 'name');
    const bytes = await exhibit.make({ notice, ...(photo && { photo }) });
    // A mail is shown as what it is written in. It never runs here.
    const type = /^text\//.test(exhibit.mediaType) ? 'text/plain; charset=utf-8' : exhibit.mediaType;
    return new StreamableFile(bytes, { type, length: bytes.length, disposition: `inline; filename="${exhibit.name}"` });
  }
}

/** Runs, and turns a refusal into faults. */
function told<T>(faults: Fault[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}
