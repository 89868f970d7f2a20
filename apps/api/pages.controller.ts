import { Controller, Get, Header, Inject, Param } from '@nestjs/common';
import { z } from 'zod';
import type { House } from '#apps/composition.js';
import { writesToSubscribers } from '#channels/email/config.js';
import { WEB_PUSH } from '#channels/web-push/channel.js';
import type { Configuration } from '#config/configuration.js';
import { ERRORS, fail, type ErrorCode } from '#kernel/errors.js';
import type { Mode } from '#alerts/notice.js';
import type { Destination } from '#dispatch/channel.js';
import { Door } from './door.js';
import { ASK_PATH } from './email-pages.js';
import { escape, ICON, PAGE_POLICY, pageOf, STYLE } from './html.js';
import { OpenApi, type Operation } from './openapi.js';
import { HOUSE } from './parts.js';
import { STATUS } from './problem.js';
import { SUBSCRIPTION_PATH } from './subscription-page.js';

const HTML = 'text/html; charset=utf-8';
const errorSchema = z.object({ code: z.string(), status: z.int(), kind: z.string(), retry: z.string(), rule: z.string() }).meta({ id: 'ErrorEntry' });

/** Where people subscribe, as far as there is something to subscribe to. */
const subscribing = ({ destinations }: Configuration): string => {
  const row = (what: string, paths: Readonly<Record<Mode, string>>, isOne: (d: Destination) => boolean): string => {
    const links = (['live', 'drill'] as const).filter((mode) => destinations.some((d) => d.mode === mode && isOne(d))).map((mode) => `<a href="${paths[mode]}">${mode}</a>`);
    return links.length === 0 ? '' : `<li>${what}: ${links.join(', ')}</li>\n`;
  };
  return row('Notices by browser', SUBSCRIPTION_PATH, (d) => d.channel === WEB_PUSH) + row('Notices by e-mail', ASK_PATH, (d) => writesToSubscribers(d) !== undefined);
};

const frontOf = (configuration: Configuration): string => pageOf('Pronađi me · Пронађи ме · Find Me', `<h1>Pronađi me · Пронађи ме · Find Me</h1>
<p lang="sr-Latn">Hitno obaveštavanje javnosti kada nestane dete: jedan službenik piše obaveštenje, drugi ga odobrava, a sistem ga odmah šalje svima i beleži svaku odluku i svaku isporuku.</p>
<p lang="sr-Cyrl">Хитно обавештавање јавности када нестане дете: један службеник пише обавештење, други га одобрава, а систем га одмах шаље свима и бележи сваку одлуку и сваку испоруку.</p>
<p>Urgent public notification when a child goes missing: one officer writes the alert, another approves it, and the system sends it to everyone at once and records every decision and every delivery.</p>
<p><a class="call" href="/desk">Prijava · Пријава · Sign in</a></p>
<p class="drill"><strong>Vežba · Вежба · Drill</strong>: <code>/desk/drill/</code>, amber. <span lang="sr-Latn">Nije stvarno.</span> <span lang="sr-Cyrl">Није стварно.</span> Nothing here is real.</p>
<p class="live"><strong>Uživo · Уживо · Live</strong>: <code>/desk/live/</code>, red.</p>
<ul>
<li><a href="/docs">The API</a> (<a href="/openapi.json">OpenAPI 3.1</a>)</li>
<li><a href="/errors">Every refusal there is</a></li>
<li>Feeds: <a href="/feeds/drill/cap.atom">drill</a>, <a href="/feeds/live/cap.atom">live</a></li>
${subscribing(configuration)}<li>Health: <a href="/health/live">live</a>, <a href="/health/ready">ready</a>, <a href="/metrics">metrics</a></li>
</ul>`);

/** What can be looked at without being anyone. */
@Controller()
export class PagesController {
  private readonly frontPage: string;

  constructor(private readonly openApi: OpenApi, @Inject(HOUSE) { configuration }: House) {
    this.frontPage = frontOf(configuration);
  }

  @Get()
  @Header('content-type', HTML)
  @Header('content-security-policy', PAGE_POLICY)
  @Door({ action: 'anyone', summary: 'What this is and where to go.', response: 'text/html' })
  front(): string {
    return this.frontPage;
  }

  @Get('style.css')
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'public, max-age=3600')
  @Door({ action: 'anyone', summary: 'The style sheet of the pages.', response: 'text/css' })
  style(): string {
    return STYLE;
  }

  @Get('icon.svg')
  @Header('content-type', 'image/svg+xml')
  @Header('cache-control', 'public, max-age=86400')
  @Door({ action: 'anyone', summary: 'The mark of the house.', response: 'image/svg+xml' })
  icon(): string {
    return ICON;
  }

  @Get('openapi.json')
  @Door({ action: 'anyone', summary: 'This document.', response: z.record(z.string(), z.unknown()) })
  document() {
    return this.openApi.document();
  }

  @Get('docs')
  @Header('content-type', HTML)
  @Header('content-security-policy', PAGE_POLICY)
  @Door({ action: 'anyone', summary: 'The API to read, made from the document.', response: 'text/html' })
  docs(): string {
    const { paths } = this.openApi.document();
    const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? ''))];
    return pageOf('The API of Find Me', `<h1>The API of Find Me</h1>
<p>The same as a document for programs: <a href="/openapi.json">OpenAPI 3.1</a>. What may be refused: <a href="/errors">the error table</a>.</p>
${tags.map((tag) => `<h2>${escape(tag)}</h2>\n${operations.filter(({ operation }) => operation.tags[0] === tag).map(showOperation).join('\n')}`).join('\n')}`);
  }

  @Get('errors')
  @Door({ action: 'anyone', summary: 'The error table: every refusal the system can give.', response: z.array(errorSchema) })
  errors() {
    return (Object.keys(ERRORS) as ErrorCode[]).map(showError);
  }

  @Get('errors/:code')
  @Door({ action: 'anyone', summary: 'One refusal: its status, whether repeating helps, and the rule.', params: { code: z.string().max(60) }, response: errorSchema })
  error(@Param('code') code: string) {
    if (!Object.hasOwn(ERRORS, code)) throw fail('ROUTE_MISSING');
    return showError(code as ErrorCode);
  }
}

const showError = (code: ErrorCode) => ({ code, status: STATUS[ERRORS[code].kind], ...ERRORS[code] });

function showOperation({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const answers = Object.entries(operation.responses).map(([status, { description }]) => `<tr><th>${status}</th><td>${escape(description)}</td></tr>`).join('');
  const { parameters, requestBody } = operation;
  return `<details><summary><code>${method.toUpperCase()} ${escape(path)}</code> ${escape(operation.summary)}</summary>
<p>Open to: <code>${escape(operation['x-findme-action'])}</code></p>
<table>${answers}</table>
<pre>${escape(JSON.stringify({ parameters, ...(requestBody !== undefined && { requestBody }) }, null, 2))}</pre></details>`;
}
