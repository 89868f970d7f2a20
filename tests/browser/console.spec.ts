import { axeEverywhere, becomes, Desks, inBrowser } from './browser.js';

inBrowser('the console in a browser', () => {
  let desks: Desks;
  beforeAll(async () => { desks = await Desks.open(); });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  it('asks who comes to sign in, and goes where they wanted to', async () => {
    const page = await desks.officer('autor', '/desk');
    await page.getByRole('heading', { level: 1, name: 'Where do you work?' }).waitFor();
    await becomes(() => page.title(), 'Where do you work? – Find Me');
    expect(await axeEverywhere(page, 'start')).toEqual([]);
  });

  it('says what does not belong together, and forgets the code', async () => {
    const page = await desks.person();
    await page.goto('/desk');
    await page.getByLabel('User name').fill('autor');
    await page.getByLabel('Password').fill('certainly not this one');
    await page.getByLabel('One-time code').fill('000000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('do not belong together').waitFor();
    await becomes(() => page.getByLabel('One-time code').inputValue(), '');
    expect(await axeEverywhere(page, 'sign-in')).toEqual([]);
  });

  it('says that the server does not answer, and that it does again', async () => {
    const page = await desks.officer('autor2');
    await page.context().setOffline(true);
    await page.getByText('No connection to the server since').waitFor();
    await page.context().setOffline(false);
    await page.getByText('No connection to the server since').waitFor({ state: 'detached' });
  });

  it('does not take an answer to what it asked before for a sign that the server answers', async () => {
    const page = await desks.officer('uprava', '/desk');
    const notice = page.getByText('No connection to the server since');
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => { release = resolve; });
    const asked = new Promise<void>((resolve) => {
      void page.route('**/v1/changes*', async (route) => {
        const response = await route.fetch();
        resolve();
        await released;
        await route.fulfill({ response });
      }, { times: 1 });
    });
    await page.getByRole('link', { name: 'Administration' }).first().click();
    await asked;
    await page.context().setOffline(true);
    await notice.waitFor();
    release();
    await page.getByText('No change is waiting.').waitFor();
    expect(await notice.count()).toBe(1);
    await page.context().setOffline(false);
    await notice.waitFor({ state: 'detached' });
  });

  it('covers the page when the session has ended elsewhere, and uncovers it for whoever signs in again', async () => {
    const page = await desks.officer('dezurni');
    await page.evaluate(() => fetch('/v1/session', { method: 'DELETE' }));
    await page.reload();
    await page.getByLabel('User name').waitFor();
  });

  it('loads less than 250 kB of script, compressed, before anything is shown', async () => {
    const page = await desks.person();
    let octets = 0;
    page.on('response', (response) => {
      if (/\.js$/.test(response.url())) octets += Number(response.headers()['content-length'] ?? 0);
    });
    await page.goto('/desk');
    await page.getByLabel('User name').waitFor();
    expect(octets).toBeGreaterThan(10_000);
    expect(octets).toBeLessThan(250_000);
  });
});
