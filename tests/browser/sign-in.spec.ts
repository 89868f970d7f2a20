import type { Page } from 'playwright-core';
import { VirtualAuthenticator } from './authenticator.js';
import { axeEverywhere, axeFindings, becomes, Desks, inBrowser, speak } from './browser.js';

inBrowser('signing in, in a browser', () => {
  let desks: Desks;
  beforeAll(async () => { desks = await Desks.open(); });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  const signOut = async (page: Page) => {
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByLabel('User name').waitFor();
  };
  const addPasskey = async (page: Page, user: 'autor' | 'odobrava', name: string) => {
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel('One-time code').fill((await desks.stack.credentials(user)).code);
    await dialog.getByRole('button', { name: 'Make the passkey' }).click();
    await page.getByText('The passkey was added.').waitFor();
  };

  it('by a passkey alone, once it was added after a fresh code; and the passkey removes itself', async () => {
    const page = await desks.person();
    const authenticator = await VirtualAuthenticator.in(page);
    await desks.signIn(page, 'autor', '/desk/account');
    await page.getByText('You have no passkey yet.').waitFor();
    await addPasskey(page, 'autor', 'Key on the desk');
    await page.getByRole('rowheader', { name: 'Key on the desk' }).waitFor();
    expect(await axeEverywhere(page, 'account')).toEqual([]);

    await signOut(page);
    const before = await authenticator.signatures();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
    expect(await authenticator.signatures()).toBeGreaterThan(before);
    const byPasskey = page.getByRole('row').filter({ has: page.getByRole('cell', { name: 'passkey', exact: true }) });
    await byPasskey.getByRole('cell', { name: 'Chrome on Linux', exact: true }).waitFor();
    await speak(page, 'sr-Cyrl');
    await page.getByRole('cell', { name: 'Chrome на систему Linux', exact: true }).waitFor();
    await speak(page, 'en');

    await page.getByRole('button', { name: 'Remove: Key on the desk' }).click();
    const dialog = page.getByRole('alertdialog');
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Remove – with passkey' }).click();
    await page.getByText('The passkey was removed.').waitFor();
    await signOut(page);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('alert').getByText('The passkey was not accepted.').waitFor();
  });

  it('not with the wrong finger, nor by who breaks off, and says so', async () => {
    const page = await desks.person();
    const authenticator = await VirtualAuthenticator.in(page);
    await desks.signIn(page, 'odobrava', '/desk/account');
    await addPasskey(page, 'odobrava', 'Phone');
    await authenticator.userIsVerified(false);
    await page.getByRole('button', { name: 'Remove: Phone' }).click();
    await page.getByRole('button', { name: 'Remove – with passkey' }).click();
    await page.getByRole('alert').getByText('No passkey was given. Nothing was sent').waitFor();
    await page.getByRole('button', { name: 'Use a code instead' }).click();
    await page.getByRole('alertdialog').getByLabel('One-time code').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await signOut(page);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('alert').getByText('No passkey was given.').waitFor();
    expect(await page.getByRole('button', { name: 'Sign out', exact: true }).count()).toBe(0);
  });

  it('again on the same page after signing out everywhere elsewhere, with what was typed still there', async () => {
    const [page, other] = [await desks.person(), await desks.person()];
    await desks.signIn(page, 'dezurni', '/desk/account');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('Name').fill('Half a thought');
    await desks.signIn(other, 'dezurni', '/desk/account');
    await other.getByRole('button', { name: /^End the session opened/ }).waitFor();
    await other.getByRole('button', { name: 'Sign out everywhere' }).click();
    await other.getByLabel('User name').waitFor();

    await page.getByRole('dialog').getByLabel('One-time code').fill('123456');
    await page.getByRole('button', { name: 'Make the passkey' }).click();
    const ended = page.getByRole('alertdialog', { name: 'The session has ended' });
    await ended.getByText('You ended it from somewhere else.').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const { password, code } = await desks.stack.credentials('dezurni');
    await ended.getByLabel('Password').fill(password);
    await ended.getByLabel('One-time code').fill(code);
    await ended.getByRole('button', { name: 'Sign in', exact: true }).click();
    await ended.waitFor({ state: 'detached' });
    await becomes(() => page.getByLabel('Name').inputValue(), 'Half a thought');
  });

  it('warns five minutes before a session ends, and stays when asked to', async () => {
    const page = await desks.officer('revizor');
    await page.route('**/v1/session', async (route) => {
      const response = await route.fetch();
      const session = await response.json() as Record<string, string>;
      await route.fulfill({ response, json: { ...session, idleAt: new Date(Date.parse(session['now']!) + 4 * 60_000).toISOString() } });
    });
    // Every touch is a sign; here none reaches the system, so that the warning stays for as long as it is looked at.
    await page.route('**/v1/session/extend', (route) => route.abort());
    await page.reload();
    await page.getByText('Without a sign from you the session ends at').waitFor();
    expect(await axeEverywhere(page, 'session-warning')).toEqual([]);
    await page.unroute('**/v1/session');
    await page.unroute('**/v1/session/extend');
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.getByText('Without a sign from you').waitFor({ state: 'detached' });
  });
});
