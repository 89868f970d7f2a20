import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfiguration } from '#config/configuration.js';
import { projectRoot } from '#config/project-root.js';
import { parseContent } from '#alerts/checks.js';
import type { Notice } from '#alerts/notice.js';
import { composeEnding, composeTexts } from '#alerts/texts.js';
import { routeName, routesOf } from '#dispatch/channel.js';
import { sampleEnding, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { catalog, channelByKind } from './catalog.js';

const { destinations } = readConfiguration(join(projectRoot, 'config/serbia.yaml'), catalog);
const url = 'https://pronadjime.example/vezba/0f6c7c1e11';

/** A shipped drill alert as each kind of notice. */
function noticesOf(name: string): Notice[] {
  const { photo: _photo, ...written } = parse(readFileSync(join(projectRoot, `config/drill/${name}.yaml`), 'utf8')) as Record<string, unknown>;
  const content = parseContent(written);
  const { caseNumber, area, policeTelephone, validHours } = content;
  const about = { mode: 'drill', url, caseNumber, area, policeTelephone, validHours } as const;
  const running = (['alert', 'update'] as const).map((kind) => ({ ...sampleNotice(), ...about, kind, content, texts: composeTexts({ kind, content, mode: 'drill', url }) }));
  const over = (['found', 'withdrawn'] as const).map((kind) => ({ ...sampleEnding(kind), ...about, texts: composeEnding({ ...about, kind }) }));
  return [...running, ...over];
}

describe.each(destinations.filter((d) => d.mode === 'drill').flatMap((d) => routesOf(d).map((way, n) => [routeName(d.id, n), way] as const)))('at %s', (_id, destination) => {
  it.each(['minimal', 'full'])('the shipped drill alert "%s" fits whole, from its beginning to its end', (name) => {
    for (const notice of noticesOf(name)) {
      const faults = channelByKind(destination.channel).preview(notice, destination.settings).flatMap((p) => p.faults.map((f) => `${notice.kind}: ${f.code} ${f.field} ${f.detail ?? ''}`));
      expect(faults).toEqual([]);
    }
  });
});
