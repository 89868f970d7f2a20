import { renderAtom, strongEtag, type AtomFeed } from './atom.js';
import { elements, parseXml } from './xml.js';

const NS = 'http://www.w3.org/2005/Atom';
const feed: AtomFeed = {
  id: 'https://pronadjime.example/feeds/live.atom',
  self: 'https://pronadjime.example/feeds/live.atom',
  title: 'Pronađi me',
  author: 'Pronađi me & "drugi"',
  updated: '2026-11-24T18:00:00+01:00',
  entries: [{ id: 'urn:uuid:6f1c0b0a-0000-4000-8000-000000000001', title: 'Nestalo <dete>', updated: '2026-11-24T18:00:00+01:00', cap: 'https://pronadjime.example/cap/1.xml?a=1&b="2"', page: 'https://pronadjime.example/p/1', language: 'sr-Latn', summary: 'Sažetak' }],
};

describe('the Atom feed', () => {
  const { root } = parseXml(renderAtom(feed));
  const text = (parent: typeof root, name: string) => elements(parent, NS, name)[0]?.textContent;

  it('has what RFC 4287 section 4.1.1 requires', () => {
    expect([root.localName, root.namespaceURI]).toEqual(['feed', NS]);
    expect(text(root, 'id')).toBe(feed.id);
    expect(text(root, 'title')).toBe(feed.title);
    expect(text(root, 'updated')).toBe(feed.updated);
    expect(text(elements(root, NS, 'author')[0]!, 'name')).toBe(feed.author);
    expect(elements(root, NS, 'link').map((l) => [l.getAttribute('rel'), l.getAttribute('href')])).toEqual([['self', feed.self]]);
  });

  it('links each entry to its CAP file and its page', () => {
    const [entry] = elements(root, NS, 'entry');
    expect(text(entry!, 'title')).toBe('Nestalo <dete>');
    expect(elements(entry!, NS, 'link').map((l) => [l.getAttribute('rel'), l.getAttribute('type'), l.getAttribute('href')])).toEqual([
      ['alternate', 'application/cap+xml', feed.entries[0]!.cap],
      ['alternate', 'text/html', feed.entries[0]!.page],
    ]);
  });

  it('is the same text for the same feed, and has a tag that changes with it', () => {
    expect(renderAtom(feed)).toBe(renderAtom({ ...feed }));
    expect(strongEtag(renderAtom(feed))).toMatch(/^"[\w-]{43}"$/);
    expect(strongEtag(renderAtom(feed))).toBe(strongEtag(Buffer.from(renderAtom(feed))));
    expect(strongEtag(renderAtom({ ...feed, entries: [] }))).not.toBe(strongEtag(renderAtom(feed)));
  });
});
