import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { answerConditionally } from './conditional.js';
import { Door } from './door.js';
import type { DoorRequest } from './door.js';
import { Events } from './events.js';
import { placeOf, RESUMES, streamQuery, streamTo } from './events-response.js';
import { PAGE_POLICY } from './html.js';
import { robotsOf, SHARED_FORMATS, type SharedFormat } from './notice-page.js';
import { Published, type PublicDocument } from './published.js';

/** The second for which caches may answer by themselves: no longer do they show a child who is found, and all but one reader a second are spared us. */
const CACHE = 'public, max-age=1, must-revalidate';

const capFile = z.string().regex(/^findme-(drill|live)-[0-9a-f-]{36}-[1-9][0-9]{0,5}\.xml$/);
/** The name that `pageOf` gives. */
const pageName = z.string().regex(/^[0-9a-f]{10}$/);
const PICTURE = new RegExp(`^(${LANGUAGES.join('|')})-(${SHARED_FORMATS.join('|')})\\.png$`);
const pictureFile = z.string().regex(PICTURE);
const photoFile = z.string().regex(/^[0-9a-f]{64}\.jpg$/);

/** What partners pull and what people read: public, the same for everyone, and nothing in it but what was approved. */
@Controller()
export class FeedsController {
  constructor(
    private readonly published: Published,
    private readonly events: Events,
  ) {}

  @Get('feeds/:mode/cap.atom')
  @Door({ action: 'anyone', summary: 'Atom feed of the alerts that are active and of the endings of the last 48 hours.', response: 'application/atom+xml' })
  async feed(@Param('mode') mode: Mode, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await answer(request, reply, await this.published.feed(mode));
  }

  @Get('feeds/:mode/:language/cap.atom')
  @Door({
    action: 'anyone', summary: 'The same feed with its titles and summaries in one language; the CAP files it names hold all of them.', params: { language: z.enum(LANGUAGES) },
    response: 'application/atom+xml',
  })
  async feedIn(@Param('mode') mode: Mode, @Param('language') language: Language, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await answer(request, reply, await this.published.feed(mode, language));
  }

  @Get('feeds/:mode/events')
  @Door({
    action: 'anyone', query: streamQuery, headers: RESUMES, response: 'text/event-stream', refusals: ['STREAM_FULL', 'STORE_BUSY'],
    summary: 'What the feed has new, as Server-Sent Events: published, updated or ended, with the address of the CAP file.',
  })
  async stream(@Param('mode') mode: Mode, @Query() { after }: { after?: number }, @Req() request: DoorRequest, @Res() reply: FastifyReply): Promise<void> {
    const place = placeOf(request, after);
    const stream = await this.events.public(mode);
    reply.header('cross-origin-resource-policy', 'cross-origin').header('access-control-allow-origin', '*');
    streamTo(request, reply, stream, place);
  }

  @Get('feeds/:mode/cap/:file')
  @Door({
    action: 'anyone', summary: 'A message as a signed CAP 1.2 file, while it is the one in force.', params: { file: capFile }, response: 'application/cap+xml',
    refusals: ['REVISION_MISSING', 'ALERT_ERASED', 'NOTICE_GONE'],
  })
  async cap(@Param('mode') mode: Mode, @Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await answer(request, reply, await this.published.cap(mode, file.slice(0, -'.xml'.length)));
  }

  @Get('vezba/:page')
  @Door({ action: 'anyone', summary: 'The page of a drill, for people.', params: { page: pageName }, response: 'text/html', refusals: ['ALERT_MISSING'] })
  drillPage(@Param('page') page: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.showPage('drill', page, request, reply);
  }

  @Get('nestali/:page')
  @Door({ action: 'anyone', summary: 'The page of an alert, for people.', params: { page: pageName }, response: 'text/html', refusals: ['ALERT_MISSING'] })
  livePage(@Param('page') page: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.showPage('live', page, request, reply);
  }

  @Get('vezba/:page/photo/:file')
  @Door({ action: 'anyone', summary: 'The photo of a drill that is active.', params: { page: pageName, file: photoFile }, response: 'image/jpeg', refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'NOTICE_GONE'] })
  drillPhoto(@Param('page') page: string, @Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.showPhoto('drill', page, file, request, reply);
  }

  @Get('nestali/:page/photo/:file')
  @Door({ action: 'anyone', summary: 'The photo of an alert that is active.', params: { page: pageName, file: photoFile }, response: 'image/jpeg', refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'NOTICE_GONE'] })
  livePhoto(@Param('page') page: string, @Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.showPhoto('live', page, file, request, reply);
  }

  @Get('vezba/:page/picture/:file')
  @Door({ action: 'anyone', summary: 'The picture of a drill that is active, to share.', params: { page: pageName, file: pictureFile }, response: 'image/png', refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'NOTICE_GONE'] })
  drillPicture(@Param('page') page: string, @Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.showPicture('drill', page, file, request, reply);
  }

  @Get('nestali/:page/picture/:file')
  @Door({ action: 'anyone', summary: 'The picture of an alert that is active, to share.', params: { page: pageName, file: pictureFile }, response: 'image/png', refusals: ['ALERT_MISSING', 'ALERT_ERASED', 'NOTICE_GONE'] })
  livePicture(@Param('page') page: string, @Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.showPicture('live', page, file, request, reply);
  }

  private async showPage(mode: Mode, page: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const document = await this.published.page(mode, page);
    reply.header('content-security-policy', PAGE_POLICY).header('x-robots-tag', robotsOf(mode));
    await answer(request, reply, document);
  }

  private async showPhoto(mode: Mode, page: string, file: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const document = await this.published.photo(mode, page, file.slice(0, -'.jpg'.length));
    reply.header('x-robots-tag', 'noindex, noarchive');
    await answer(request, reply, document);
  }

  private async showPicture(mode: Mode, page: string, file: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const [, language, format] = PICTURE.exec(file)!;
    const document = await this.published.picture(mode, page, language as Language, format as SharedFormat);
    reply.header('x-robots-tag', 'noindex, noarchive');
    await answer(request, reply, document);
  }
}

/** Any program may read what is public, whatever site it came from. */
async function answer(request: FastifyRequest, reply: FastifyReply, document: PublicDocument): Promise<void> {
  reply.header('cache-control', CACHE).header('cross-origin-resource-policy', 'cross-origin');
  await answerConditionally(request, reply, document);
}
