import type { Page, Request } from 'playwright-core';
import { Desks, inBrowser } from './browser.js';

inBrowser('a desk that nobody touches', () => {
  let desks: Desks;
  beforeAll(async () => { desks = await Desks.open(); });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  /** The next request of a path that the desk makes by itself. */
  const asks = (page: Page, path: string): Promise<Request> => page.waitForRequest((request) => new URL(request.url()).pathname === path);
  /** The page's own clock goes on by so much; what is due meanwhile is done, once. */
  const later = (page: Page, time: string) => page.clock.fastForward(time);
  const isBackground = async (asked: Promise<Request>): Promise<boolean> => (await (await asked).allHeaders())['findme-background'] !== undefined;

  it('of an administrator asks in the background after five minutes, and no more once it is touched', async () => {
    const page = await desks.person();
    await page.clock.install();
    await desks.signIn(page, 'uprava', '/desk/administrator');
    await page.getByRole('rowheader', { name: 'Ana Izmišljena' }).waitFor();
    const [soon] = await Promise.all([isBackground(asks(page, '/v1/changes')), later(page, '00:30')]);
    expect(soon).toBe(false);
    const [alone] = await Promise.all([isBackground(asks(page, '/v1/changes')), later(page, '05:00')]);
    expect(alone).toBe(true);
    await page.keyboard.press('Shift');
    const [touched] = await Promise.all([isBackground(asks(page, '/v1/changes')), later(page, '00:30')]);
    expect(touched).toBe(false);
  });

  it('of whoever can end an alert never does: a queue that waits and a board on the wall stay open for the shift', async () => {
    const page = await desks.person();
    await page.clock.install();
    await desks.signIn(page, 'odobrava', '/desk/drill/reviews');
    await page.getByText('Nothing waits.').waitFor();
    const [alone] = await Promise.all([isBackground(asks(page, '/v1/drill/reviews')), later(page, '20:00')]);
    expect(alone).toBe(false);
  });

  it('warns before its session ends, in sight however far the page is scrolled, and stays when any key is pressed', async () => {
    const page = await desks.officer('revizor', '/desk/audit');
    await page.getByRole('heading', { level: 2, name: 'Facts' }).waitFor();
    await page.route('**/v1/session', async (route) => {
      const response = await route.fetch();
      const session = await response.json() as Record<string, string>;
      await route.fulfill({ response, json: { ...session, idleAt: new Date(Date.parse(session['now']!) + 4 * 60_000).toISOString() } });
    });
    await page.reload();
    const warning = page.getByRole('status').filter({ hasText: 'Any key is enough.' });
    await warning.waitFor();
    await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
    const box = await warning.boundingBox();
    expect(box!.y).toBeGreaterThanOrEqual(0);
    expect(box!.y + box!.height).toBeLessThan(page.viewportSize()!.height);
    await page.unroute('**/v1/session');
    await page.keyboard.press('Shift');
    await page.getByText('Any key is enough.').waitFor({ state: 'detached' });
  });
});
