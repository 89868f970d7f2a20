import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { projectRoot } from '#config/project-root.js';
import { fail } from '#kernel/errors.js';
import { Door, type DoorRequest } from './door.js';

const FOLDER = join(projectRoot, 'dist', 'console');
const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', map: 'application/json' };
/** Encodings in the order in which they are liked. */
const ENCODINGS = [['br', '.br'], ['gzip', '.gz']] as const;

/** Stands in the page where each answer gets a number of its own. */
const NONCE = '{{nonce}}';

/**
 * What the desks may load: scripts and styles of this house, pictures and sounds made here or by the page itself; nothing in
 * line but the two style elements of the component library, which carry the answer's nonce; no text ever becomes script
 * (Trusted Types).
 */
const policyWith = (nonce: string): string => [
  "default-src 'none'", "script-src 'self'", `style-src 'self' 'nonce-${nonce}'`, "img-src 'self' blob:", "media-src 'self' blob:", "connect-src 'self'",
  "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
].join('; ');

/** The desks: one page for every address below `/desk`, and the files it loads. What anyone sees there is decided by the API. */
@Controller('desk')
export class ConsoleController {
  private readonly files: ReadonlyMap<string, Buffer>;

  constructor() {
    this.files = readConsole();
  }

  @Get()
  @Door({ action: 'anyone', summary: 'The desks of officers, auditors and partners.', response: 'text/html' })
  async start(@Res() reply: FastifyReply): Promise<void> {
    await this.page(reply);
  }

  @Get('assets/:file')
  @Door({ action: 'anyone', summary: 'A script or style of the desks; its name changes with its content.', response: 'text/javascript' })
  async asset(@Param('file') file: string, @Req() request: DoorRequest, @Res() reply: FastifyReply): Promise<void> {
    const type = TYPES[file.slice(file.lastIndexOf('.') + 1)];
    const plain = this.files.get(file);
    if (!plain || type === undefined) throw fail('ROUTE_MISSING');
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const [encoding, ending] = ENCODINGS.find(([name, suffix]) => new RegExp(`\\b${name}\\b`).test(accepted) && this.files.has(`${file}${suffix}`)) ?? [];
    reply.header('content-type', type).header('cache-control', 'public, max-age=31536000, immutable').header('vary', 'accept-encoding');
    if (encoding) reply.header('content-encoding', encoding);
    await reply.send(this.files.get(`${file}${ending ?? ''}`));
  }

  @Get('*')
  @Door({ action: 'anyone', summary: 'The same page at every address of a desk.', response: 'text/html' })
  async below(@Res() reply: FastifyReply): Promise<void> {
    await this.page(reply);
  }

  private async page(reply: FastifyReply): Promise<void> {
    const page = this.files.get('console.html')?.toString('utf8');
    if (page === undefined) throw fail('ROUTE_MISSING');
    const nonce = randomBytes(16).toString('base64');
    await reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', policyWith(nonce)).header('cross-origin-opener-policy', 'same-origin').send(page.replace(NONCE, nonce));
  }
}

/** The console as it was built, held in memory: a build that replaces it meanwhile is taken up at the next start. */
function readConsole(): ReadonlyMap<string, Buffer> {
  let names: string[];
  try {
    names = readdirSync(FOLDER);
  } catch {
    // The API works without its screen; a program that was not built whole has none.
    return new Map();
  }
  return new Map(names.map((name) => [name, readFileSync(join(FOLDER, name))]));
}
