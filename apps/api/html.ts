import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#config/project-root.js';

/** The one style sheet of the pages, over the colours of the desks: a file of its own, so that no page needs a style in line. */
export const STYLE = ['apps/console/design/tokens.css', 'apps/api/public/pages.css'].map((file) => readFileSync(join(projectRoot, file), 'utf8')).join('\n');

/** The mark of the house, in the tab of a browser. */
export const ICON = readFileSync(join(projectRoot, 'apps/api/public/icon.svg'), 'utf8');

/** What stands in the head of every page: its mark and its style. */
export const HEAD_LINKS = '<link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/style.css">';

/** What HTML pages may load: the style sheet and the mark, and nothing else from anywhere. */
export const PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** A whole page without script. `body` is HTML. */
export function pageOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title>${HEAD_LINKS}</head>
<body>
<main>
${body}
</main>
</body></html>
`;
}

/** Text as it may stand between tags and in quoted attributes. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
