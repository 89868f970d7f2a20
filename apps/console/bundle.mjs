/*
 * Bundles the console into dist/console/: hashed scripts in chunks (one per desk), one style sheet, the page that loads them,
 * and each file compressed ahead of time. Plain JavaScript: it runs while nothing else is built but what tsc made of the
 * libraries, from which the console takes its pure parts.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(dirname(HERE));
const OUT = join(ROOT, 'dist', 'console');

/** The style sheet: every .css file below this folder, the design first. No desk needs to load its own. */
function styles() {
  const files = readdirSync(HERE, { recursive: true }).filter((file) => file.endsWith('.css')).map((file) => file.replaceAll('\\', '/'));
  const rank = (file) => (file === 'design/tokens.css' ? 0 : file.startsWith('design/') ? 1 : 2);
  files.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return files.map((file) => `@import "./${file}";`).join('\n');
}

/** React Aria carries its words in thirty languages; the console speaks two of them. */
const fewLocales = {
  name: 'few-locales',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]intl[\\/].*[a-z][a-z]-[A-Z][A-Z]\.(mjs|js|cjs)$/ }, ({ path }) => (/[\\/](en-US|sr-SP)\./.test(path) ? undefined : { contents: 'export default {};', loader: 'js' }));
  },
};

/** Builds once; throws when the console does not compile. Returns the bytes of script, compressed, that a first visit loads. */
export async function bundleConsole() {
  const draft = `${OUT}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const common = { absWorkingDir: ROOT, bundle: true, minify: true, metafile: true, write: true, outdir: draft, entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', logLevel: 'warning' };
  const script = await build({
    ...common, entryPoints: { console: join(HERE, 'main.tsx') }, format: 'esm', splitting: true, target: ['es2022'], jsx: 'automatic', sourcemap: 'linked', sourcesContent: false,
    define: { 'process.env.NODE_ENV': '"production"' }, plugins: [fewLocales],
  });
  const style = await build({ ...common, stdin: { contents: styles(), loader: 'css', resolveDir: HERE, sourcefile: 'console.css' }, entryNames: 'console-[hash]' });
  const entryOf = ({ metafile }, ends) => Object.keys(metafile.outputs).find((file) => metafile.outputs[file].entryPoint !== undefined && file.endsWith(ends) && relative(ROOT, join(ROOT, file)).includes('console-'));
  const main = entryOf(script, '.js');
  const sheet = Object.keys(style.metafile.outputs).find((file) => file.endsWith('.css'));
  const name = (file) => file.slice(file.lastIndexOf('/') + 1);

  const first = reach(script.metafile, main);
  const preload = [...first].filter((file) => file !== main).map((file) => `<link rel="modulepreload" href="/desk/assets/${name(file)}">`).join('');
  writeFileSync(join(draft, 'console.html'), `<!doctype html>
<html lang="sr-Latn"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><meta property="csp-nonce" content="{{nonce}}"><title>Pronađi me</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/desk/assets/${name(sheet)}">${preload}<script type="module" src="/desk/assets/${name(main)}"></script></head>
<body><div id="console"><main class="page"><p role="status">Učitava se… <span lang="sr-Cyrl">Учитава се…</span> <span lang="en">Loading…</span></p></main></div><noscript>Za rad je potreban JavaScript. За рад је потребан JavaScript. The desks need JavaScript.</noscript></body></html>
`);
  for (const file of readdirSync(draft)) {
    if (!/\.(js|css)$/.test(file)) continue;
    const octets = readFileSync(join(draft, file));
    writeFileSync(join(draft, `${file}.br`), brotliCompressSync(octets, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
    writeFileSync(join(draft, `${file}.gz`), gzipSync(octets, { level: 9 }));
  }
  const size = [...first].reduce((sum, file) => sum + readFileSync(join(draft, `${name(file)}.gz`)).length, 0);
  writeFileSync(join(draft, 'first-load.json'), JSON.stringify({ gzipBytes: size, files: [...first].map(name).sort() }));

  // One rename each way: who serves meanwhile finds the old console or the new one, never half of one.
  const aside = `${draft}.old`;
  try {
    renameSync(OUT, aside);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  renameSync(draft, OUT);
  rmSync(aside, { recursive: true, force: true });
  return size;
}

/** The script that is loaded before anything is shown: the entry and what it imports statically. */
function reach({ outputs }, from, found = new Set()) {
  if (found.has(from)) return found;
  found.add(from);
  for (const { path, kind } of outputs[from].imports) if (kind === 'import-statement') reach({ outputs }, path, found);
  return found;
}
