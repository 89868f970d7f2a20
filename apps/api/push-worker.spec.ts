import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { encodePayloads } from '#channels/web-push/encode.js';
import { projectRoot } from '#config/project-root.js';
import { sampleEnding, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';

const SCRIPT = readFileSync(join(projectRoot, 'apps/api/public/sw.js'), 'utf8');
const ORIGIN = 'https://pronadjime.example';

interface Shown { readonly title: string; readonly tag: string; readonly body: string; readonly data: { readonly url: string; readonly revision: number }; readonly [option: string]: unknown }

/** A browser as far as a service worker sees it. */
class Browser {
  shown: Shown[] = [];
  /** How often it called for attention. */
  calls = 0;
  readonly opened: string[] = [];
  readonly posted: { url: string; body: unknown }[] = [];
  readonly kept = new Map<string, unknown>();
  private readonly listeners = new Map<string, (event: object) => void>();

  constructor() {
    const registration = {
      scope: `${ORIGIN}/pretplata`,
      getNotifications: async ({ tag }: { tag: string }) => this.shown.filter((n) => n.tag === tag),
      showNotification: async (title: string, options: Omit<Shown, 'title'>) => {
        this.shown = [...this.shown.filter((n) => n.tag !== options['tag']), { title, ...options } as Shown];
        if (options['silent'] !== true) this.calls += 1;
      },
      pushManager: { subscribe: async () => ({ toJSON: () => ({ endpoint: 'https://fcm.googleapis.com/new', keys: { p256dh: 'k', auth: 'a' } }) }) },
    };
    const cache = { match: async (name: string) => (this.kept.has(name) ? { json: async () => this.kept.get(name) } : undefined), put: async (name: string, value: { text: string }) => void this.kept.set(name, JSON.parse(value.text)) };
    class Answer { constructor(readonly text: string) {} }
    const self = {
      location: { origin: ORIGIN }, registration, skipWaiting: () => undefined, caches: { open: async () => cache },
      clients: { matchAll: async () => [], openWindow: async (url: string) => void this.opened.push(url) },
      addEventListener: (name: string, listener: (event: object) => void) => void this.listeners.set(name, listener),
    };
    const fetch = async (url: string, { body }: { body: string }) => {
      this.posted.push({ url, body: JSON.parse(body) });
      return { ok: true, json: async () => ({ token: 'new token' }) };
    };
    runInContext(SCRIPT, createContext({ self, URL, fetch, Response: Answer, JSON, Number }));
  }

  async happens(name: string, more: object): Promise<void> {
    let done: Promise<unknown> | undefined;
    this.listeners.get(name)!({ ...more, waitUntil: (work: Promise<unknown>) => (done = work) });
    await done;
  }

  push(text: string | undefined): Promise<void> {
    return this.happens('push', { data: text === undefined ? null : { text: () => text } });
  }
}

const alert = sampleNotice();
const update = sampleUpdate(alert);
const found = sampleEnding('found', update);
const message = (notice: typeof alert, key = 'k') => encodePayloads(notice, key).get('sr-Latn')!.toString();

describe('the service worker', () => {
  it('shows an alert with photo and words in its language, until it is looked at', async () => {
    const browser = new Browser();
    await browser.push(message(alert));
    const { headline, short } = alert.texts['sr-Latn'];
    expect(browser.shown).toMatchObject([{ title: headline, body: short, lang: 'sr-Latn', requireInteraction: true, image: `${alert.url}/photo/${alert.photo!.sha256}.jpg` }]);
    await browser.happens('notificationclick', { notification: { ...browser.shown[0], close: () => undefined } });
    expect(browser.opened).toEqual([alert.url]);
  });

  it('puts an update and the ending in the place of what they follow, and nothing of the child stays', async () => {
    const browser = new Browser();
    for (const notice of [alert, update, found]) await browser.push(message(notice));
    expect(browser.calls).toBe(3);
    expect(browser.shown.length).toBe(1);
    expect(browser.shown[0]).toMatchObject({ title: found.texts['sr-Latn'].headline, requireInteraction: false });
    expect(browser.shown[0]!['image']).toBeUndefined();
  });

  it('lets no late message take the place of a later one, and calls for attention once for the same', async () => {
    const browser = new Browser();
    for (const notice of [found, alert, update, found, found]) await browser.push(message(notice));
    expect(browser.shown.map((n) => n.title)).toEqual([found.texts['sr-Latn'].headline]);
    expect(browser.calls).toBe(1);
  });

  it('keeps different alerts apart', async () => {
    const browser = new Browser();
    await browser.push(message(alert));
    await browser.push(message(sampleNotice()));
    expect(browser.shown.length).toBe(2);
  });

  it.each([undefined, '', 'rubbish', '{}', '[]', 'null', '{"v":2}', JSON.stringify({ ...(JSON.parse(message(alert)) as object), title: 7 })])('shows that something came when it cannot read it: %j', async (text) => {
    const browser = new Browser();
    await browser.push(text);
    expect(browser.shown).toMatchObject([{ title: 'Pronađi me', data: { url: '/' } }]);
  });

  it.each(['https://evil.example/x', 'javascript:alert(1)', 'data:text/html,x', '//evil.example'])('opens and loads nothing but this house: %s', async (address) => {
    const browser = new Browser();
    await browser.push(JSON.stringify({ ...(JSON.parse(message(alert)) as object), url: address, image: address }));
    expect(browser.shown[0]!['image']).toBeUndefined();
    await browser.happens('notificationclick', { notification: { data: { url: address }, close: () => undefined } });
    expect(browser.opened).toEqual([ORIGIN]);
  });

  it('subscribes again when the browser changes the subscription, with what was chosen', async () => {
    const browser = new Browser();
    await browser.happens('pushsubscriptionchange', { oldSubscription: { options: {} } });
    expect(browser.posted).toEqual([]);
    browser.kept.set(`${ORIGIN}/pretplata/izbor`, { mode: 'live', language: 'en', districts: ['RS-00'], token: 'old' });
    await browser.happens('pushsubscriptionchange', { oldSubscription: { options: {} } });
    expect(browser.posted).toEqual([{ url: '/v1/subscriptions/web-push', body: { mode: 'live', language: 'en', districts: ['RS-00'], subscription: { endpoint: 'https://fcm.googleapis.com/new', keys: { p256dh: 'k', auth: 'a' } } } }]);
    expect(browser.kept.get(`${ORIGIN}/pretplata/izbor`)).toMatchObject({ token: 'new token', language: 'en' });
  });
});
