import sharp from 'sharp';
import { pageOf } from '#alerts/compose.js';
import { freePort } from '#apps/findme/embedded/process.js';
import type { AlertId } from '#kernel/ids.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';
import { axeFindings, becomes, Desks, inBrowser, keepPicture } from './browser.js';

/** What citizens subscribe to, by browser and by e-mail. */
async function subscribing(): Promise<object[]> {
  const push = await freePort();
  const about = { mode: 'drill', simulated: true };
  return [
    { id: 'browsers', name: 'Pregledači', channel: 'web-push', ...about, settings: {
      vapid: { key: 'browsers-vapid', subject: 'mailto:proba@findme.example' }, services: [{ hosts: '127.0.0.1', probe: `https://127.0.0.1:${push}` }], ca: 'drill-authority-certificate', shards: 1,
      simulated: { port: push, serverKey: 'drill-server-key', serverCertificate: 'drill-server-certificate', subscribers: 1 },
    } },
    { id: 'citizens', name: 'Građani', channel: 'email', ...about, settings: {
      host: '127.0.0.1', port: await freePort(), security: 'none', simulated: true, from: { name: 'Pronađi me', address: 'findme@police.example' }, audience: { kind: 'subscribers', shards: 1 }, citizens: 1,
      bounce: { host: '127.0.0.1', port: await freePort(), domain: 'bounce.police.example', secret: 'citizens-bounces' },
    } },
  ];
}

inBrowser('the public pages in a browser', () => {
  let desks: Desks;
  beforeAll(async () => {
    desks = await Desks.open({ destinations: await subscribing() });
  });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  it('show an alert to whoever has a telephone and no script: photo, every language, a picture to share; and its end', async () => {
    const [author, approver] = [await desks.stack.as('autor'), await desks.stack.as('odobrava')];
    const story = await Story.written(author);
    const photo = await sharp({ create: { width: 600, height: 800, channels: 3, background: '#6d8' } }).jpeg().toBuffer();
    await author.send('PUT', `${story.path}/photo`, photo, { ...story.current, 'content-type': 'image/jpeg' });
    story.alert = await author.get(story.path);
    await (await story.submitted()).approved(approver);

    const page = await desks.person({ phone: true, script: false });
    const address = `/vezba/${pageOf(story.alert.id as AlertId)}`;
    await page.goto(address);
    // A drill asks nobody to call.
    expect(await page.locator('a[href^="tel:"]').count()).toBe(0);
    await becomes(() => page.locator('img.child').evaluate((img: { naturalWidth: number }) => img.naturalWidth), 600);
    await becomes(() => page.locator('section > h2').allTextContents(), [expect.stringContaining('Kanarinka Probić'), expect.stringContaining('Канаринка Пробић'), expect.stringContaining('Kanarinka Probić')]);
    // Nothing is wider than the telephone.
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
    // What judges a page is a script itself.
    const judged = await desks.person({ phone: true });
    await judged.goto(address);
    for (const scheme of ['dark', 'light'] as const) {
      await judged.emulateMedia({ colorScheme: scheme });
      expect(await axeFindings(judged)).toEqual([]);
      await keepPicture(judged, `public-alert-${scheme}`);
    }
    const [shared] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Picture to share' }).click()]);
    expect(shared.suggestedFilename()).toBe('findme-en.png');

    await story.ended('found');
    await until(async () => {
      await page.goto(address);
      return page.locator('img.child').count();
    }, (pictures) => pictures === 0);
    await judged.reload();
    expect(await axeFindings(judged)).toEqual([]);
    await keepPicture(judged, 'public-found');
  });

  it.each(['/', '/docs', '/vezba/pretplata', '/vezba/pretplata/e-posta'])('%s has nothing that axe finds, in either scheme', async (path) => {
    const page = await desks.person({ phone: true });
    await page.goto(path);
    for (const scheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      expect(await axeFindings(page)).toEqual([]);
    }
    await keepPicture(page, `public${path.replaceAll('/', '-')}`);
  });
});
