import { startStack, type Stack } from '../support/stack.js';
import { axeEverywhere, Desks, inBrowser } from './browser.js';
import { signIn } from './officers.js';

inBrowser('the console in a browser', () => {
  let stack: Stack;
  let desks: Desks;
  beforeAll(async () => {
    stack = await startStack();
    desks = await Desks.open(stack.publicAddress);
  });
  afterAll(async () => {
    await desks.close();
    await stack.stop();
  });
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  it('asks who comes to sign in, and goes where they wanted to', async () => {
    const page = await desks.person();
    await signIn(page, stack, 'autor', '/desk');
    await page.getByRole('heading', { level: 1, name: 'Where do you work?' }).waitFor();
    expect(await page.title()).toBe('Where do you work? – Find Me');
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
    expect(await page.getByLabel('One-time code').inputValue()).toBe('');
    expect(await axeEverywhere(page, 'sign-in')).toEqual([]);
  });

  it('says that the server does not answer, and that it does again', async () => {
    const page = await desks.person();
    await signIn(page, stack, 'autor2');
    await page.context().setOffline(true);
    await page.getByText('No connection to the server since').waitFor();
    await page.context().setOffline(false);
    await page.getByText('No connection to the server since').waitFor({ state: 'detached' });
  });

  it('covers the page when the session has ended elsewhere, and uncovers it for whoever signs in again', async () => {
    const page = await desks.person();
    await signIn(page, stack, 'dezurni');
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
