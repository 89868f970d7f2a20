import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Mode } from '#alerts/notice.js';
import { Door } from './door.js';
import type { DoorRequest } from './door.js';
import { Events } from './events.js';
import { placeOf, RESUMES, streamQuery, streamTo } from './events-response.js';

/** What happens to the alerts of a mode, as it happens. */
@Controller('v1/:mode/events')
export class EventsController {
  constructor(private readonly events: Events) {}

  @Get()
  @Door({
    action: 'delivery.read', passive: true, query: streamQuery, headers: RESUMES, response: 'text/event-stream', refusals: ['STREAM_FULL'],
    summary: 'The facts about the alerts of a mode as Server-Sent Events, from where the reader was. Ends after two minutes: a browser comes back by itself.',
  })
  async stream(@Param('mode') mode: Mode, @Query() { after }: { after?: number }, @Req() request: DoorRequest, @Res() reply: FastifyReply): Promise<void> {
    const place = placeOf(request, after);
    streamTo(request, reply, await this.events.officers(mode), place);
  }
}
