/** The one style sheet: a file of its own, so that no page needs a style in line. */
export const STYLE = `:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid #8886; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; }
.drill { border-left: .5rem solid #e0a100; padding-left: .75rem; }
.banner { position: sticky; top: 0; bottom: 0; margin: 0; padding: .75rem; text-align: center; font-weight: 700; background: #e0a100; color: #000; }
img.child { max-width: 100%; height: auto; }
.live { border-left: .5rem solid #b00020; padding-left: .75rem; }
`;

/** What HTML pages may load: the style sheet, and nothing else from anywhere. */
export const PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** A whole page without script. `body` is HTML. */
export function pageOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><link rel="stylesheet" href="/style.css"></head>
<body>
${body}
</body></html>
`;
}

/** Text as it may stand between tags and in quoted attributes. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
