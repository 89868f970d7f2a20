import { Body, Controller, Delete, Get, Inject, Param, Put, Req, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { House } from '#apps/composition.js';
import { fail } from '#kernel/errors.js';
import type { AlertId } from '#kernel/ids.js';
import { AlertActions } from '#alerts/alert-actions.js';
import type { Mode } from '#alerts/notice.js';
import type { SignedIn } from '#identity/accounts.js';
import { alertSchema, showAlert } from './alert-shown.js';
import { Door, Who } from './door.js';
import type { DoorRequest } from './door.js';
import { tagVersion, targetOf } from './preconditions.js';
import { HOUSE } from './parts.js';

const VERSION = { 'If-Match': 'The version that was read, from ETag; the newest if left out.' };

/** The photo of a draft. */
@Controller('v1/:mode/alerts/:id/photo')
export class PhotoController {
  constructor(
    private readonly actions: AlertActions,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  @Put()
  @Door({
    action: 'alert.write', summary: 'Put a photo into the draft: JPEG, PNG or WebP, 10 MiB at most; it is encoded anew and loses all metadata.', takes: 'picture', response: alertSchema,
    headers: VERSION, refusals: ['PHOTO_NOT_A_PICTURE', 'PHOTO_TOO_LARGE', 'PHOTO_TRAILING_DATA', 'ALERT_MISSING', 'ALERT_STALE', 'ALERT_ERASED', 'TRANSITION_NOT_ALLOWED'],
  })
  async put(
    @Param('mode') mode: Mode, @Param('id') id: AlertId, @Body() body: Buffer | undefined, @Who() who: SignedIn, @Req() request: DoorRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!body?.length) throw fail('PHOTO_NOT_A_PICTURE', 'photo');
    const alert = await this.actions.attachPhoto(await targetOf(this.house.alerts, mode, id, request), body, who.officer.id);
    tagVersion(reply, alert);
    return showAlert(alert, who.officer);
  }

  @Delete()
  @Door({
    action: 'alert.write', summary: 'Take the photo out of the draft.', response: alertSchema, headers: VERSION,
    refusals: ['ALERT_MISSING', 'ALERT_STALE', 'ALERT_ERASED', 'TRANSITION_NOT_ALLOWED'],
  })
  async remove(@Param('mode') mode: Mode, @Param('id') id: AlertId, @Who() who: SignedIn, @Req() request: DoorRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const alert = await this.actions.removePhoto(await targetOf(this.house.alerts, mode, id, request), who.officer.id);
    tagVersion(reply, alert);
    return showAlert(alert, who.officer);
  }

  @Get()
  @Door({ action: 'alert.content', summary: 'The photo of the draft, or of what is published.', response: 'image/jpeg', refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'REVISION_MISSING'] })
  async read(@Param('mode') mode: Mode, @Param('id') id: AlertId) {
    const alert = await this.house.alerts.load(mode, id);
    const photo = (alert.proposal ?? alert.published)?.content.photo;
    const bytes = photo && (await this.house.alerts.photo(id, photo.sha256));
    if (!photo || !bytes) throw fail('REVISION_MISSING', 'photo');
    return new StreamableFile(bytes, { type: photo.mediaType, length: bytes.length, disposition: 'inline' });
  }
}
