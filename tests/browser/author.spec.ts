import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Page } from 'playwright-core';
import { freePort } from '#apps/findme/embedded/process.js';
import { Story } from '../support/story.js';
import { axeEverywhere, becomes, Desks, inBrowser } from './browser.js';

inBrowser('the author\'s desk in a browser', () => {
  /** The folder that the simulated playout shares with us. */
  let media: string;
  let desks: Desks;
  beforeAll(async () => {
    media = await mkdtemp(join(tmpdir(), 'findme-media-'));
    desks = await Desks.open({
      destinations: [
        { id: 'sign', name: 'Znak', channel: 'ntcip-sign', mode: 'drill', simulated: true, settings: { host: '127.0.0.1', port: await freePort(), access: { version: 'v2c', community: 'sign-password' }, rows: 4, columns: 20, maxPages: 4 } },
        { id: 'televizija', name: 'Televizija sa karticom', channel: 'casparcg', mode: 'drill', simulated: true, settings: { port: await freePort(), folder: media, crawlTemplate: 'CRAWL' } },
      ],
    });
  });
  afterAll(async () => {
    await desks.close();
    await rm(media, { recursive: true, force: true });
  });
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  const author = async (user: 'autor' | 'autor2' = 'autor', path = '/desk/drill/drafts'): Promise<Page> => {
    const page = await desks.officer(user, path);
    await page.getByRole('heading', { level: 1, name: 'Writing' }).waitFor();
    return page;
  };
  /** A new draft, opened with the keyboard. */
  const begun = async (page: Page): Promise<void> => {
    await tabTo(page, 'button', /^New alert/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'New alert' }).waitFor();
  };
  const saved = (page: Page) => page.getByText(/^Saved \d\d:\d\d$/).waitFor();
  const draftIdOf = (page: Page): string => /drafts\/([0-9a-f-]{36})/.exec(page.url())![1]!;

  it('writes a whole alert with the keyboard alone, from the list to handing in', async () => {
    const page = await author();
    await begun(page);
    const field = async (name: RegExp | string, text: string): Promise<void> => {
      await tabTo(page, 'textbox', name);
      await page.keyboard.type(text);
    };
    await field(/^Case number/, 'KU-77/2026');
    await field(/^Name, Latin/, 'Kanarinka Njegić');
    // The other script is offered with what is doubtful in it, and stays empty until it is taken.
    await page.getByText('Check: Nj').waitFor();
    await becomes(() => page.getByLabel('Name, Cyrillic').inputValue(), '');
    await tabTo(page, 'button', /^Take the suggestion: Канаринка Његић/);
    await page.keyboard.press('Enter');
    await becomes(() => page.getByLabel('Name, Cyrillic').inputValue(), 'Канаринка Његић');
    await becomes(() => page.evaluate('document.activeElement.id'), 'author-child-name-cyrillic');
    await field(/^Date of birth/, '17.5.2021');
    await page.getByText(/years old at the time/).waitFor();
    await tabTo(page, 'radio', /^female/);
    await page.keyboard.press('Space');
    await field(/^Last seen at/, '0:01');
    await page.getByText(/ ago$/).waitFor();
    await tabTo(page, 'combobox', /^Find a settlement/);
    await page.keyboard.type('cacak');
    await page.getByRole('option', { name: /^Čačak/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await becomes(() => page.getByLabel('Place, Cyrillic').inputValue(), 'Чачак');
    // The map moves the place by keys.
    const before = await page.getByLabel(/^Coordinates/).inputValue();
    await tabTo(page, 'application', /^Map: place/);
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await becomes(() => page.getByLabel(/^Coordinates/).inputValue(), expect.not.stringMatching(before));
    await tabTo(page, 'radio', /^Child under 7/);
    await page.keyboard.press('Space');
    await field(/^Why publication helps/, 'Probni podaci, dete mlađe od sedam godina.');
    await field(/^Judged by/, 'probni službenik 7');
    await tabTo(page, 'radio', /^All of Serbia/);
    await page.keyboard.press('ArrowDown');
    // The district of the place is chosen already; another beside it, and let go again.
    await page.getByRole('option', { name: 'Moravica District', selected: true }).waitFor();
    await tabTo(page, 'option', /^Moravica District/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: 'Raška District', selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: 'Raška District', selected: false }).waitFor();
    // The usual duration stands there; taken away, it is missed.
    await tabTo(page, 'textbox', /^Valid for hours/);
    await becomes(() => page.getByLabel('Valid for hours').inputValue(), '24');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Backspace');
    await saved(page);
    // Too early: the summary takes the focus and leads to the field.
    await tabTo(page, 'button', /^Hand in for review/);
    await page.keyboard.press('Enter');
    const summary = page.getByRole('alert').filter({ hasText: '1 thing still stands in the way' });
    await summary.waitFor();
    await tabTo(page, 'link', /^Valid for hours/);
    await page.keyboard.press('Enter');
    await becomes(() => page.evaluate('document.activeElement.id'), 'author-validHours');
    await page.keyboard.type('24');
    await page.getByText('Everything is there; it can be handed in.').waitFor();
    await saved(page);
    expect(await axeEverywhere(page, 'author-draft')).toEqual([]);
    const id = draftIdOf(page);
    await tabTo(page, 'button', /^Hand in for review/);
    await page.keyboard.press('Enter');
    await page.getByText('Handed in for review.').waitFor();
    expect(await axeEverywhere(page, 'author-list')).toEqual([]);
    const client = await desks.stack.as('autor2');
    expect(await client.get(`/v1/drill/alerts/${id}`)).toMatchObject({ proposal: { status: 'in_review', content: { child: { name: { cyrillic: 'Канаринка Његић' } }, area: { codes: ['RS-17'] } } } });
  });

  it('says that the line is down, keeps what is typed meanwhile, and saves it when the line is back', async () => {
    const page = await author();
    await begun(page);
    await page.getByLabel('Case number').fill('KU-1/2026');
    await saved(page);
    const asksBeforeClosing = () => page.evaluate<boolean>(`(() => { const event = new Event('beforeunload', { cancelable: true }); window.dispatchEvent(event); return event.defaultPrevented; })()`);
    await page.context().setOffline(true);
    await page.getByLabel('Name, Latin').fill('Kanarinka Bezvezna');
    await page.getByText('NOT saved: no connection, still trying. Keep this page open.').waitFor();
    // Closing would lose it, so the browser asks.
    await becomes(asksBeforeClosing, true);
    await page.getByRole('button', { name: 'Hand in for review' }).click();
    await page.getByText('Nothing is handed in without a connection.').first().waitFor();
    await page.context().setOffline(false);
    await saved(page);
    await becomes(asksBeforeClosing, false);
    const id = draftIdOf(page);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Kanarinka Bezvezna' }).waitFor();
    // Nothing was queued: it is a draft still.
    expect((await page.request.get(`/v1/drill/alerts/${id}`)).status()).toBe(404);
  });

  it('tells two on one draft of each other, puts together what they wrote, and lets one choose where both wrote', async () => {
    const first = await author('autor');
    await begun(first);
    await first.getByLabel('Case number').fill('KU-2/2026');
    await saved(first);
    const second = await desks.officer('autor2', `/desk/drill/drafts/${draftIdOf(first)}`);
    await second.getByText(/Also open at: /).waitFor();
    await first.getByText(/Also open at: /).waitFor();
    // Different fields: both stand in both.
    await second.getByLabel('Judged by').fill('probni službenik 8');
    await saved(second);
    await first.getByLabel('Name, Latin').fill('Kanarinka Dvojić');
    await first.getByText(/meanwhile filled in: Judged by/).waitFor();
    await becomes(() => first.getByLabel('Judged by').inputValue(), 'probni službenik 8');
    await becomes(() => first.getByLabel('Name, Latin').inputValue(), 'Kanarinka Dvojić');
    await saved(first);
    // The same field: both are shown.
    await second.context().setOffline(true);
    await second.getByLabel('Case number').fill('KU-2/B');
    await first.getByLabel('Case number').fill('KU-2/A');
    await saved(first);
    await second.context().setOffline(false);
    const clash = second.getByRole('alert').filter({ hasText: 'Nothing is lost. Choose what stays.' });
    await clash.getByText('Mine: KU-2/B').waitFor();
    expect(await axeEverywhere(second, 'author-clash')).toEqual([]);
    await clash.getByText('Theirs: KU-2/A').click();
    await clash.getByRole('button', { name: 'Save what is chosen' }).click();
    await saved(second);
    await becomes(async () => [await second.getByLabel('Case number').inputValue(), await second.getByLabel('Name, Latin').inputValue()], ['KU-2/A', 'Kanarinka Dvojić']);
  });

  it('keeps the form when the session was ended elsewhere, and goes on after signing in again', async () => {
    const page = await author('autor2');
    await begun(page);
    await page.getByLabel('Case number').fill('KU-3/2026');
    await saved(page);
    // Signed out on another device: the cookie is worth nothing any more.
    await page.context().clearCookies();
    await page.getByLabel('Name, Latin').fill('Kanarinka Povratnić');
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('What you were writing stays on the page.').waitFor();
    const { password, code } = await desks.stack.credentials('autor2');
    await dialog.getByLabel('Password').fill(password);
    await dialog.getByLabel('One-time code').fill(code);
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await saved(page);
    await becomes(() => page.getByLabel('Name, Latin').inputValue(), 'Kanarinka Povratnić');
  });

  it('shows a photo as it came back, cuts it by keyboard, and says in clear words what is no photo', async () => {
    const page = await author();
    await begun(page);
    // Held from here on: choosers are intercepted only while somebody listens, and starting anew for each can come too late.
    page.on('filechooser', () => undefined);
    const choose = async (name: string, mimeType: string, buffer: Buffer): Promise<void> => {
      await tabTo(page, 'button', /^Choose a photo/);
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
      await chooser.setFiles({ name, mimeType, buffer });
    };
    const jpeg = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#6d8' } }).jpeg();
    const whole = await jpeg(600, 800).withExif({ IFD3: { GPSLatitude: '44/1 48/1 0/1', GPSLongitude: '20/1 28/1 0/1' }, IFD0: { Copyright: 'canary' } }).toBuffer();
    await choose('pismo.jpg', 'image/jpeg', Buffer.from('%PDF-1.7 nije slika'));
    await page.getByText('This is no JPEG, PNG or WebP picture').waitFor();
    await choose('dve-u-jednoj.jpg', 'image/jpeg', Buffer.concat([whole, Buffer.from('PK\u0003\u0004 i još nešto')]));
    await page.getByText('Something else follows the picture in the file.').waitFor();
    // A hundred megapixels in a file of some hundred kilobytes.
    await choose('bomba.png', 'image/png', await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#6d8' } }).png().toBuffer());
    await page.getByText('at most 10 MiB and 40 megapixels').waitFor();
    await choose('dete.jpg', 'image/jpeg', whole);
    await page.getByRole('img', { name: /as it will be published, 600 × 800/ }).waitFor();
    await page.getByText('It is saved as you see it.').waitFor();
    const shown = await (await page.request.get(`/v1/drill/drafts/${draftIdOf(page)}/photo`)).body();
    expect([shown.includes('canary'), (await sharp(shown).metadata()).exif]).toEqual([false, undefined]);
    await tabTo(page, 'button', /^Crop/);
    await page.keyboard.press('Enter');
    await tabTo(page, 'slider', /^Right edge/);
    for (let steps = 0; steps < 50; steps += 1) await page.keyboard.press('ArrowLeft');
    await tabTo(page, 'button', /^Save the cut/);
    await page.keyboard.press('Enter');
    await page.getByRole('img', { name: /as it will be published, 300 × 800/ }).waitFor();
    expect(await axeEverywhere(page, 'author-photo')).toEqual([]);
  });

  it('shows what each channel would send of what is typed and of its photo, and says so where that cannot be loaded', async () => {
    const client = await desks.stack.as('dezurni');
    const { alert } = await Story.written(client, 'drill', { caseNumber: 'KU-9/2026' });
    const { id } = await client.post<{ id: string }>('/v1/drill/drafts', { alertId: alert.id });
    const page = await author();
    await page.goto(`/desk/drill/drafts/${id}`);
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Choose a photo' }).click()]);
    await chooser.setFiles({ name: 'dete.jpg', mimeType: 'image/jpeg', buffer: await sharp({ create: { width: 300, height: 400, channels: 3, background: '#c22' } }).jpeg().toBuffer() });
    await page.getByText('It is saved as you see it.').waitFor();
    // The part that shows it was never loaded, and the line is down.
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Show what will be sent' }).click();
    await page.getByText('What will be sent could not be loaded').waitFor();
    await becomes(() => page.getByLabel('Case number').inputValue(), 'KU-9/2026');
    await page.context().setOffline(false);
    await page.getByRole('tab', { name: 'SMS' }).click();
    const panel = page.getByRole('tabpanel');
    await panel.getByText('Parts and octets').first().click();
    await panel.getByText(/Part 1 of \d/).first().waitFor();
    await page.getByLabel('Name, Latin').fill('Kanarinka Pregledić');
    await panel.getByText(/PREGLEDI[CĆ]|Pregledi[cć]/).first().waitFor();
    await page.getByRole('tab', { name: 'Road signs' }).click();
    await becomes(() => page.getByRole('img', { name: /^Page 1 of/ }).getAttribute('aria-label'), expect.stringContaining('VEZBA'));
    await page.getByRole('tab', { name: 'Television playout' }).click();
    const card = page.getByRole('img', { name: /Picture as it is sent/ }).first();
    await becomes(() => card.evaluate((element: { naturalWidth?: number }) => element.naturalWidth), 1920);
    // The photo, which is red all over, is on the card.
    const { data, info } = await sharp(await card.screenshot()).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const near = (at: number, colour: readonly number[]): boolean => colour.every((value, channel) => Math.abs(data[at + channel]! - value) < 12);
    const red = Array.from({ length: info.width * info.height }, (_, pixel) => near(pixel * info.channels, [0xcc, 0x22, 0x22])).filter(Boolean).length;
    expect(red / (info.width * info.height)).toBeGreaterThan(0.05);
    expect(await axeEverywhere(page, 'author-previews')).toEqual([]);
  });

  it('has its map again by itself when the line that was down is back', async () => {
    const page = await desks.person();
    // The part with the country in it does not come; the rest of the desk does.
    let isDown = true;
    await page.route(/\/desk\/assets\/atlas-.*\.js$/, (route) => (isDown ? route.abort() : route.continue()));
    await desks.signIn(page, 'autor2', '/desk/drill/drafts');
    await page.getByRole('button', { name: /^New alert/ }).click();
    await page.getByText('The map could not be loaded').first().waitFor();
    await becomes(() => page.getByLabel('Place, Latin').isVisible(), true);
    isDown = false;
    await page.getByRole('application', { name: /^Map: place/ }).waitFor();
    await page.getByLabel('Find a settlement').waitFor();
  });

  it('draws an area by keys or by typed corners, and shows what of it goes out', async () => {
    const page = await author();
    await begun(page);
    await page.getByText('A drawn area').click();
    await tabTo(page, 'application', /^Map: area/);
    for (const key of ['Enter', 'ArrowRight', 'ArrowRight', 'Enter', 'ArrowUp', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
    const corners = page.getByLabel('Corners of the area');
    expect((await corners.inputValue()).split('\n')).toHaveLength(3);
    await page.getByText(/^Covers: .*District/).waitFor();
    const ring = Array.from({ length: 150 }, (_, i) => `${(44 + 0.3 * Math.sin((i * Math.PI) / 75)).toFixed(4)}, ${(20.8 + 0.4 * Math.cos((i * Math.PI) / 75)).toFixed(4)}`);
    await corners.fill(ring.join('\n'));
    await page.getByText('Goes out simplified: 100 of 150 corners.').waitFor();
    await corners.fill('44.1, 20.1\n44.2, 20');
    await saved(page);
    await corners.fill('44.0, 20.0\n44.4, 20.4\n44.0, 20.4\n44.4, 20.0');
    await page.getByText('The edge of the area crosses itself.').waitFor();
    expect(await axeEverywhere(page, 'author-area')).toEqual([]);
  });
});

/** Presses Tab until the focus is on what is meant, as somebody without a mouse does. */
async function tabTo(page: Page, role: Parameters<Page['getByRole']>[0], name: RegExp | string): Promise<void> {
  const wanted = page.getByRole(role, { name }).first();
  await wanted.waitFor();
  for (let presses = 0; presses < 250; presses += 1) {
    if (await wanted.evaluate((element: { matches(selector: string): boolean }) => element.matches(':focus'))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never comes to ${role} ${String(name)}`);
}
