import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { checkContent, parseContent } from './checks.js';
import { smsSegments } from './encodings.js';
import { cleanPhoto } from './photo.js';
import { composeTexts } from './texts.js';

const read = (name: string): Buffer => readFileSync(new URL(`../../config/drill/${name}`, import.meta.url));

describe.each(['minimal', 'full'])('the shipped drill alert "%s"', (name) => {
  const source = read(`${name}.yaml`).toString('utf8');
  const { photo, ...written } = parse(source) as Record<string, unknown>;

  it('says that it is fictional, and is content without a fault', () => {
    expect(source).toMatch(/^# Izmišljeni podaci za vežbu \/ Fictional drill data/);
    expect(checkContent(parseContent(written), new Date('2025-03-14T20:00:00Z'))).toEqual([]);
  });

  it('has a small picture that is taken in', async () => {
    const bytes = read(String(photo));
    expect(bytes.length).toBeLessThan(60_000);
    expect((await cleanPhoto(bytes)).ref).toMatchObject({ width: 600, height: 800 });
  });

  it('fits four SMS in each language, as an alert and as an update, marked as a drill and with a long address', () => {
    const url = 'https://pronadjime.example/vezba/0f6c7c1e-1111-4222-8333-123456789abc';
    for (const kind of ['alert', 'update'] as const) {
      for (const { short } of Object.values(composeTexts({ kind, mode: 'drill', url, content: parseContent(written) }))) expect(smsSegments(short).segments).toBeLessThanOrEqual(4);
    }
  });
});
