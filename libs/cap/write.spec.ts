import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Refusal } from '#kernel/errors.js';
import { LANGUAGES, type Area } from '#alerts/content.js';
import { testNotice } from '#alerts/test-notice.js';
import { sampleEnding, sampleNotice, samplePhoto, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { readCap } from './read.js';
import { signCap } from './sign.js';
import { drillKeys } from './testing/keys.js';
import { capPolygon, resourceDigest, writeCap } from './write.js';
import { elements, parseXml } from './xml.js';

const options = { sender: 'findme@example.rs', photoUri: 'https://pronadjime.example/p/photo.jpg', photo: samplePhoto.bytes };
const schema = resolve('../shared/standards/CAP-v1.2.xsd');
const NS = 'urn:oasis:names:tc:emergency:cap:1.2';
const square: Area = { kind: 'polygons', polygons: [[[20.4, 44.7], [20.6, 44.7], [20.6, 44.9], [20.4, 44.9]]] };

const texts = (xml: string, path: readonly string[]): string[] => {
  let level = [parseXml(xml).root];
  for (const name of path) level = level.flatMap((e) => elements(e, NS, name));
  return level.map((e) => e.textContent ?? '');
};

describe('a notice as CAP 1.2', () => {
  it('says who, when, what and for whom', () => {
    const notice = sampleNotice({ mode: 'live' });
    const cap = readCap(writeCap(notice, options));
    expect(cap).toMatchObject({ identifier: notice.identifier, sender: 'findme@example.rs', sent: notice.sent, status: 'Actual', msgType: 'Alert', scope: 'Public', references: [] });
    expect(cap.note).toBeUndefined();
    expect(cap.infos.map((i) => i.language)).toEqual([...LANGUAGES]);
    for (const language of LANGUAGES) {
      const info = cap.infos.find((i) => i.language === language);
      expect(info).toMatchObject({ headline: notice.texts[language].headline, description: notice.texts[language].full, instruction: notice.texts[language].instruction, expires: notice.expires });
    }
  });

  it('says that a drill is one, in the status and in words', () => {
    const cap = readCap(writeCap(sampleNotice({ mode: 'drill' }), options));
    expect(cap.status).toBe('Exercise');
    expect(cap.note).toMatch(/VEŽBA.*ВЕЖБА.*EXERCISE/);
  });

  it.each(['drill', 'live'] as const)('is of status Test where it is a connection test in %s, which receivers disregard, and no alarm of any kind', (mode) => {
    const xml = writeCap(testNotice({ id: '0f6c7c1e-0000-4000-8000-000000000001', mode, publicUrl: 'https://findme.example' }, new Date('2026-11-24T17:00:00Z')), options);
    const cap = readCap(xml);
    expect(cap).toMatchObject({ status: 'Test', msgType: 'Alert', references: [] });
    expect(cap.note).toMatch(/TEST.*ТЕСТ.*do not air/);
    expect(xml.match(/<value>RWT<\/value>/g)).toHaveLength(3);
    expect(xml).not.toMatch(/Immediate|Severe|>Likely<|MEP|Missing child/);
  });

  it('refers to what it updates and ends', () => {
    const first = sampleNotice();
    const update = sampleUpdate(first);
    const ending = sampleEnding('found', update);
    const reference = (n: typeof first) => ({ sender: options.sender, identifier: n.identifier, sent: n.sent });
    expect(readCap(writeCap(update, options))).toMatchObject({ msgType: 'Update', references: [reference(first)] });
    expect(readCap(writeCap(ending, options))).toMatchObject({ msgType: 'Cancel', references: [reference(first), reference(update)] });
    expect(readCap(writeCap(sampleEnding('withdrawn', first), options)).msgType).toBe('Cancel');
  });

  it('an ending says that the danger is over and shows no photo', () => {
    const xml = writeCap(sampleEnding('found'), options);
    expect(texts(xml, ['info', 'responseType'])).toEqual(['AllClear', 'AllClear', 'AllClear']);
    expect(texts(xml, ['info', 'urgency'])).toEqual(['Past', 'Past', 'Past']);
    expect(xml).not.toContain('<resource>');
  });

  it('describes the photo with its size and SHA-1 digest', () => {
    const xml = writeCap(sampleNotice(), options);
    expect(texts(xml, ['info', 'resource', 'mimeType'])).toEqual(Array(3).fill('image/jpeg'));
    expect(texts(xml, ['info', 'resource', 'size'])).toEqual(Array(3).fill(String(samplePhoto.bytes.length)));
    expect(texts(xml, ['info', 'resource', 'uri'])).toEqual(Array(3).fill(options.photoUri));
    expect(texts(xml, ['info', 'resource', 'digest'])).toEqual(Array(3).fill(resourceDigest(samplePhoto.bytes)));
    expect(resourceDigest(Buffer.from('abc'))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(() => writeCap(sampleNotice(), { sender: options.sender })).toThrow(TypeError);
  });

  it('writes areas as latitude, longitude and closed, with codes of districts', () => {
    expect(texts(writeCap(sampleNotice({ area: square }), options), ['info', 'area', 'polygon'])[0]).toBe('44.7,20.4 44.7,20.6 44.9,20.6 44.9,20.4 44.7,20.4');
    const districts = writeCap(sampleNotice({ area: { kind: 'districts', codes: ['RS-20', 'RS-00'] } }), options);
    expect(texts(districts, ['info', 'area', 'geocode', 'value']).slice(0, 2)).toEqual(['RS-20', 'RS-00']);
    expect(texts(districts, ['info', 'area', 'polygon']).length).toBeGreaterThanOrEqual(6);
    const country = writeCap(sampleNotice({ area: { kind: 'country' } }), options);
    expect(texts(country, ['info', 'area', 'areaDesc'])).toEqual(LANGUAGES.map((l) => sampleNotice().texts[l].area));
    for (const polygon of texts(country, ['info', 'area', 'polygon'])) {
      const pairs = polygon.split(' ');
      expect(pairs.at(-1)).toBe(pairs[0]);
      for (const pair of pairs) expect(pair).toMatch(/^4[1-6](\.\d{1,6})?,(1[89]|2[0-3])(\.\d{1,6})?$/);
    }
    expect(() => capPolygon([[20, 44], [21, 44]])).toThrow(TypeError);
  });

  it('escapes what the officer wrote, and refuses what XML cannot carry', () => {
    const wicked = 'Ana & "Mika" <b>]]></headline><headline>\r\n€ 😀';
    const notice = sampleNotice();
    const words = { ...notice.texts, en: { ...notice.texts.en, headline: wicked } };
    const xml = writeCap(sampleNotice({ texts: words }), options);
    expect(readCap(xml).infos[2]?.headline).toBe(wicked);
    for (const bad of ['\u0001', '\ud800', '\uffff']) {
      const broken = { ...notice, texts: { ...notice.texts, en: { ...notice.texts.en, full: `a${bad}` } } };
      expect(() => writeCap(broken, options)).toThrow(Refusal);
    }
  });

  it('refuses identifiers and times that break the standard', () => {
    expect(() => writeCap(sampleNotice(), { ...options, sender: 'find me' })).toThrow(TypeError);
    expect(() => writeCap(sampleNotice({ sent: '2026-11-24T17:00:00.000Z' }), options)).toThrow(TypeError);
    expect(() => writeCap(sampleNotice({ identifier: 'a,b' }), options)).toThrow(TypeError);
  });

  it('quotes a case number with a space', () => {
    expect(texts(writeCap(sampleNotice({ caseNumber: 'NI 2026' }), options), ['incidents'])).toEqual(['"NI 2026"']);
  });

  const valid = existsSync(schema) ? it : it.skip;
  valid(existsSync(schema) ? 'is valid by the schema of OASIS' : 'is valid by the schema of OASIS (skipped: CAP-v1.2.xsd is not there)', async () => {
    const { XmlDocument, XsdValidator } = await import('libxml2-wasm');
    const xsd = XmlDocument.fromBuffer(readFileSync(schema));
    const validator = XsdValidator.fromDoc(xsd);
    try {
      const first = sampleNotice();
      for (const notice of [first, sampleNotice({ mode: 'live', area: square }), sampleNotice({ area: { kind: 'country' } }), sampleUpdate(first), sampleEnding('found', first), sampleEnding('withdrawn', first)]) {
        const document = XmlDocument.fromString(signCap(writeCap(notice, options), (await drillKeys()).signing));
        try {
          validator.validate(document);
        } finally {
          document.dispose();
        }
      }
      const wrong = XmlDocument.fromString(writeCap(first, options).replace('<status>Exercise', '<status>Practice'));
      expect(() => validator.validate(wrong)).toThrow();
      wrong.dispose();
    } finally {
      validator.dispose();
      xsd.dispose();
    }
  });
});
