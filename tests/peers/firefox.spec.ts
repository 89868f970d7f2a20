import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';
import { Autopush } from './autopush.js';
import { startFirefoxProgram, type FirefoxProgram } from './firefox-program.js';
import { missingOf } from './program.js';

const missing = missingOf('firefox-esr');

/** What a browser shows, as its own service worker registration tells. */
interface Shown { readonly title: string; readonly body: string; readonly lang: string; readonly tag: string; readonly url: string }

if (missing !== undefined) it.skip(`Firefox subscribes, decrypts and shows (skipped: ${missing})`, () => undefined);
else {
  describe('Firefox', () => {
    let stack: Stack;
    let push: Autopush;
    let firefox: FirefoxProgram;
    let author: ApiClient;
    let approver: ApiClient;

    beforeAll(async () => {
      const port = await freePort();
      stack = await startStack({
        destinations: [{
          id: 'browsers', name: 'Pregledači', channel: 'web-push', mode: 'drill', simulated: true,
          settings: {
            vapid: { key: 'drill-push-vapid', subject: 'mailto:proba@findme.example' }, services: [{ hosts: '127.0.0.1', probe: `https://127.0.0.1:${port}` }], ca: 'drill-authority-certificate', shards: 1,
            simulated: { port, serverKey: 'drill-server-key', serverCertificate: 'drill-server-certificate' },
          },
        }],
      });
      push = await Autopush.start({ key: stack.secret('drill-server-key'), cert: stack.secret('drill-server-certificate') });
      const started = await startFirefoxProgram(push.url);
      if (typeof started === 'string') throw new Error(started);
      firefox = started;
      [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
    });

    afterAll(async () => {
      await firefox?.stop();
      await push?.close();
      await stack?.stop();
    });

    const shown = () => firefox.run(`
      return navigator.serviceWorker.getRegistration('/vezba/pretplata')
        .then((registration) => registration.getNotifications())
        .then((all) => all.map(({ title, body, lang, tag, data }) => ({ title, body, lang, tag, url: data.url })));`) as Promise<Shown[]>;
    const shownUntil = (condition: (all: Shown[]) => boolean) => until(shown, condition, JSON.stringify);
    /** The browser's own word on each message: 100 is "delivered" to the service worker. */
    const acknowledged = (count: number) => until(() => push.passed.map(({ code }) => code), (codes) => codes.length === count && codes.every((code) => code !== undefined));

    /** Title and text as the approver saw them before deciding. */
    const previewed = async (story: Story): Promise<string> => {
      const { channels } = await author.get<{ channels: { channel: string; previews: { language: string; text: string }[] }[] }>(`${story.path}/previews`);
      return channels.find(({ channel }) => channel === 'web-push')!.previews.find(({ language }) => language === 'sr-Cyrl')!.text;
    };
    const says = () => firefox.run('return document.querySelector("[role=status]").textContent') as Promise<string>;
    const members = () => push.channels.size;

    it('subscribes on the page, decrypts what the dispatcher sends, and shows the alert, the update in its place, then the ending', async () => {
      await firefox.go(`${stack.publicAddress}/vezba/pretplata?jezik=sr-Cyrl`);
      await firefox.click('button[name=join]');
      await until(says, (text) => text === 'Пријављени сте.');
      expect(members()).toBe(1);

      const story = await (await Story.written(author)).submitted();
      const alert = await previewed(story);
      await story.approved(approver);
      expect(await acknowledged(1)).toEqual([100]);
      // The browser acknowledges what it gave to the service worker, which shows it a moment later.
      const [first, ...others] = await shownUntil((all) => all.length > 0);
      expect(others).toEqual([]);
      expect(first).toMatchObject({ lang: 'sr-Cyrl', url: expect.stringContaining(`${stack.publicAddress}/vezba/`) });
      expect(`${first!.title}\n${first!.body}`).toBe(alert);
      expect(push.passed[0]!.headers).toEqual({ ttl: expect.stringMatching(/^[1-9]\d*$/), urgency: 'high', topic: first!.tag });

      await story.updated();
      const update = await previewed(story);
      await story.approved(approver);
      expect(await acknowledged(2)).toEqual([100, 100]);
      const updated = await shownUntil((all) => all[0]?.title !== first!.title);
      expect(updated.map(({ title, body }) => `${title}\n${body}`)).toEqual([update]);
      expect(updated[0]!.tag).toBe(first!.tag);

      await story.ended('found');
      expect(await acknowledged(3)).toEqual([100, 100, 100]);
      const ended = await shownUntil((all) => all[0]?.title !== updated[0]!.title);
      expect(ended.length).toBe(1);
      expect(ended[0]).toMatchObject({ tag: first!.tag, body: expect.stringContaining('дете је пронађено') });
      expect(JSON.stringify(ended)).not.toContain(sampleContent().child.name.cyrillic);
      await story.deliveriesUntil((all) => all.filter((d) => d.destination === 'browsers' && d.state === 'accepted').length === 3);
    });

    it('shows nothing of a message that was changed on the way, and says so', async () => {
      const { body, channel } = push.passed[0]!;
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
      const before = await shown();
      push.passOn(channel, changed);
      expect((await acknowledged(push.passed.length)).at(-1)).toBe(101);
      expect(await shown()).toEqual(before);
    });

    it('leaves on the page, and gets no more', async () => {
      await firefox.click('button[name=leave]');
      await until(says, (text) => text === 'Одјављени сте.');
      await until(members, (count) => count === 0);
      const count = push.passed.length;
      const story = await (await (await Story.written(author)).submitted()).approved(await stack.as('dezurni'));
      await story.deliveriesUntil((all) => all.some((d) => d.destination === 'browsers' && d.state === 'accepted'));
      expect(push.passed.length).toBe(count);
    });
  });
}
