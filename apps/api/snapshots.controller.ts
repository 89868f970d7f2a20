import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import { routesOf } from '#dispatch/channel.js';
import { fail } from '#kernel/errors.js';
import { Door } from './door.js';
import type { DoorRequest } from './door.js';
import { answerConditionally } from './conditional.js';
import { signedIn, SIGNED } from './partner-access.js';
import { HOUSE } from './parts.js';
import { Published } from './published.js';

const params = { destination: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/), name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,39}$/) };

/** What partners of polled protocols pull: DATEX II, SIRI-SX and GTFS-realtime, each its own, signed as it signs everything. */
@Controller('v1/partners')
export class SnapshotsController {
  constructor(@Inject(HOUSE) private readonly house: House, private readonly published: Published) {}

  @Get(':destination/snapshots/:name')
  @Door({
    action: 'anyone', params, response: '*/*', refusals: ['REQUEST_FORGED', 'STORE_BUSY'],
    headers: { ...SIGNED, 'if-none-match': 'The ETag of what the partner has.', 'if-modified-since': 'The Last-Modified of what it has; counts only without If-None-Match.' },
    summary: 'All alerts that run in the mode of the destination, in the document of its protocol (situations.xml, signs.xml, alerts.pb), for who pulls.',
  })
  async pull(@Param('destination') id: string, @Param('name') name: string, @Req() request: DoorRequest, @Res() reply: FastifyReply): Promise<void> {
    const destination = signedIn(this.house, id, request);
    reply.header('cache-control', 'private, no-cache');
    const offered = routesOf(destination).flatMap(({ channel, settings }) => (channelByKind(channel).snapshots ?? []).map((snapshot) => ({ snapshot, settings })));
    const asked = offered.find(({ snapshot }) => snapshot.name === name);
    if (!asked) throw fail('ROUTE_MISSING');
    await answerConditionally(request, reply, await this.published.snapshot(destination, asked.snapshot, asked.settings), this.house.clock.now());
  }
}
