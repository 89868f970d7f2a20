import sharp from 'sharp';
import { sampleEnding, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { LANGUAGES } from '../content.js';
import type { Texts } from '../notice.js';
import { composeTexts } from '../texts.js';
import { sampleContent } from '../testing/sample-content.js';
import { setBlock } from './block.js';
import { CARD_SIZES, drawCard, layCard, type CardFormat } from './card.js';
import { CRAWL, crawlOf } from './crawl.js';
import { missingIn } from './font.js';

const FORMATS = Object.keys(CARD_SIZES) as CardFormat[];
const url = 'https://pronadjime.example/nestali/0123456789';
const content = sampleContent();
const photo = { sha256: '0'.repeat(64), mediaType: 'image/jpeg', width: 300, height: 400, bytes: 1 } as const;
const live = sampleNotice({ mode: 'live', photo, content, url, texts: composeTexts({ kind: 'alert', content, mode: 'live', url }) });
const drill = sampleNotice({ content, url, texts: composeTexts({ kind: 'alert', content, mode: 'drill', url }) });
const run = (text: string) => [{ text, weight: 'regular' as const, colour: '#fff' }];
const where = { x: 0, y: 0, width: 400, height: 200 };

describe('a card', () => {
  it('takes a whole notice in every format, language and mode, and its ending', () => {
    for (const format of FORMATS) {
      for (const language of LANGUAGES) {
        for (const notice of [live, drill, sampleEnding('found', live), sampleEnding('withdrawn', drill)]) expect(layCard(notice, format, language, notice.content !== undefined).faults).toEqual([]);
      }
    }
  });

  it('is drawn at its size with the photo in its place, whole', async () => {
    const bytes = await sharp({ create: { width: 300, height: 400, channels: 3, background: '#00ff00' } }).jpeg().toBuffer();
    const card = layCard(live, 'television', 'sr-Latn', true);
    const png = await drawCard(card, 'image/png', bytes);
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 1920, height: 1080 });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    let green = 0;
    for (let at = 0; at < data.length; at += info.channels) if (data[at + 1]! > 240 && data[at]! < 30) green += 1;
    const { width, height } = card.photo!;
    expect(green / (width * height)).toBeCloseTo(1, 1);
    expect((await sharp(await drawCard(layCard(live, 'portrait', 'sr-Cyrl', true), 'image/jpeg', bytes)).metadata()).width).toBe(1080);
  });

  it('shows a drill in another colour and with its own words on top', () => {
    expect(layCard(drill, 'television', 'sr-Latn', false).svg).toContain('#d9c2f0');
    expect(layCard(live, 'television', 'sr-Latn', false).svg).not.toContain('#d9c2f0');
  });

  it('says that a text is too long or has a sign without a letter, and cuts nothing', () => {
    const filled = (words: string): typeof live => sampleNotice({ texts: Object.fromEntries(LANGUAGES.map((l) => [l, { headline: words, short: words, full: words, instruction: words, area: words }])) as Record<(typeof LANGUAGES)[number], Texts> });
    expect(layCard(filled('slova '.repeat(900)), 'television', 'sr-Latn', true).faults.map((f) => f.code)).toContain('TEXT_TOO_LONG');
    expect(layCard(filled('失踪'), 'television', 'sr-Latn', true).faults.map((f) => f.code)).toContain('TEXT_NOT_ENCODABLE');
    expect(missingIn('Čačak, Ђорђе, Szabadka, ţară, şcoală, ëndërr – „192“')).toEqual([]);
  });
});

describe('a block of text', () => {
  const setting = { largest: 60, smallest: 20, lineHeight: 1.2, gap: 0.3 };

  it('is set as large as its box allows, and never beyond it', () => {
    const few = setBlock([run('dete')], where, setting);
    const many = setBlock([run('nestala devojčica '.repeat(6))], where, setting);
    expect(few).toMatchObject({ fits: true, size: 60 });
    expect(many.fits && many.size < 60 && many.height <= where.height).toBe(true);
    const xs = many.fits ? [...many.draw().matchAll(/[ML](-?[\d.]+)[ -]/g)].map((m) => Number(m[1])) : [];
    expect(Math.max(...xs)).toBeLessThanOrEqual(where.width);
  });

  it('is not set when a word is wider than the box', () => {
    expect(setBlock([run('w'.repeat(100))], where, setting)).toEqual({ fits: false });
  });
});

describe('a crawl', () => {
  it('carries the whole short text and says how long it runs', () => {
    const { text, seconds } = crawlOf(live, ['sr-Latn', 'en']);
    expect(text).toContain(live.texts['sr-Latn'].short);
    expect(text).toContain(live.texts.en.short);
    expect(seconds).toBeGreaterThan(20);
    expect(crawlOf(live, ['sr-Latn'], { ...CRAWL, speed: 720 }).seconds).toBeLessThan(crawlOf(live, ['sr-Latn']).seconds);
  });
});
