/*
 * Bundles the offline verifier into dist/verifier/findme-verify.mjs: one file that needs Node.js and nothing else. Plain
 * JavaScript, because it runs as a step of the build. By itself: `node apps/verifier/bundle.mjs`.
 */
import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(dirname(HERE));
const OUT = join(ROOT, 'dist', 'verifier', 'findme-verify.mjs');

/** Builds once; throws when the verifier does not compile. The same sources give the same octets. */
export async function bundleVerifier() {
  mkdirSync(dirname(OUT), { recursive: true });
  const draft = `${OUT}.${process.pid}`;
  await build({
    absWorkingDir: ROOT, entryPoints: [join(HERE, 'main.ts')], outfile: draft, bundle: true, platform: 'node', format: 'esm', target: ['node20'], logLevel: 'warning', charset: 'utf8', legalComments: 'inline',
    banner: { js: '#!/usr/bin/env node\n// The offline verifier of Find Me. Reads the files it is given, opens no connection, writes nothing.' },
  });
  // One rename: who serves it meanwhile has the old one or the new one.
  renameSync(draft, OUT);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleVerifier();
