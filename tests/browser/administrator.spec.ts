import type { Page } from 'playwright-core';
import { totpAt } from '#identity/totp.js';
import { VirtualAuthenticator } from './authenticator.js';
import { axeEverywhere, axeFindings, becomes, Desks, inBrowser, keepPicture } from './browser.js';

inBrowser('the administrator\'s desk in a browser', () => {
  let desks: Desks;
  let first: Page;
  let second: Page;
  beforeAll(async () => {
    desks = await Desks.open();
    first = await desks.person();
    second = await desks.person();
    await desks.signIn(first, 'uprava', '/desk/administrator');
    await desks.signIn(second, 'uprava2', '/desk/administrator');
  });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  /** Reads the half of a code that is shown this once, and puts it away. */
  const halfIn = async (page: Page): Promise<string> => {
    const dialog = page.getByRole('alertdialog', { name: 'Your half of the code' });
    const half = (await dialog.locator('.secret').textContent())!;
    await dialog.getByRole('button', { name: 'I have noted it' }).click();
    return half;
  };
  const confirmAs = async (page: Page, code: string): Promise<void> => {
    const dialog = page.getByRole('alertdialog', { name: 'Confirm this change?' });
    await dialog.getByLabel('One-time code').fill(code);
    await dialog.getByRole('button', { name: 'Confirm', exact: true }).click();
    await page.getByText('The change is confirmed and carried out.').waitFor();
  };

  it('adds an officer by two, who takes up the account with a code of two halves and signs in', async () => {
    await first.getByRole('button', { name: 'Add an officer' }).click();
    const dialog = first.getByRole('dialog', { name: 'Add an officer' });
    await dialog.getByLabel('User name').fill('nova');
    await dialog.getByLabel('Name', { exact: true }).fill('Nova Izmišljena');
    await dialog.getByRole('button', { name: 'Propose' }).click();
    await dialog.getByText('Choose at least one role.').waitFor();
    await dialog.getByText('author', { exact: true }).click();
    expect(await axeFindings(first)).toEqual([]);
    await dialog.getByRole('button', { name: 'Propose' }).click();
    const proposerHalf = await halfIn(first);
    await first.getByText('Your proposal; another administrator confirms it.').waitFor();
    expect(await first.getByRole('button', { name: 'Confirm: New officer' }).count()).toBe(0);
    await becomes(() => first.getByText(proposerHalf).count(), 0);

    await second.reload();
    await second.getByRole('button', { name: 'Confirm: New officer' }).click();
    expect(await axeFindings(second)).toEqual([]);
    await keepPicture(second, 'administrator-confirm');
    await confirmAs(second, (await desks.stack.credentials('uprava2')).code);
    const confirmerHalf = await halfIn(second);
    await second.getByRole('row', { name: /Nova Izmišljena.*has not taken up the account/ }).waitFor();

    const page = await desks.person();
    await page.goto('/desk/enrol');
    await page.getByLabel('Half from the administrator who proposed').fill(proposerHalf);
    await page.getByLabel('Half from the administrator who confirmed').fill(proposerHalf);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('alert').getByText('The code is wrong, used or over.').waitFor();
    expect(await axeEverywhere(page, 'enrolment-code')).toEqual([]);
    await page.getByLabel('Half from the administrator who confirmed').fill(confirmerHalf);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('Welcome, Nova Izmišljena.').waitFor();
    const secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
    expect(await axeEverywhere(page, 'enrolment')).toEqual([]);
    const password = 'tri izmišljene reči 42';
    await page.getByLabel('New password', { exact: true }).fill(password);
    await page.getByLabel('New password again').fill(`${password}!`);
    await page.getByLabel('One-time code from the app').fill(totpAt(secret, new Date()));
    await page.getByRole('button', { name: 'Take up the account' }).click();
    await page.getByText('The passwords are not the same.').waitFor();
    await page.getByLabel('New password again').fill(password);
    await page.getByRole('button', { name: 'Take up the account' }).click();
    await page.getByText('The account is yours.').waitFor();
    await page.getByRole('link', { name: 'To sign in' }).click();
    await page.getByLabel('User name').fill('nova');
    await page.getByLabel('Password').fill(password);
    await page.getByLabel('One-time code').fill(totpAt(secret, new Date(Date.now() + 30_000)));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('Nova Izmišljena').waitFor();
  });

  it('refuses with a reason that the proposer reads, and takes back what was proposed', async () => {
    await first.getByRole('button', { name: 'Change: Damir Izmišljeni' }).click();
    await first.getByRole('dialog').getByText('May sign in').click();
    await first.getByRole('dialog').getByRole('button', { name: 'Propose' }).click();
    await first.getByText('The proposal now waits for another administrator.').waitFor();
    await second.reload();
    await second.getByText('Now: author, approver; enabled').waitFor();
    await second.getByRole('button', { name: 'Refuse: Roles and access' }).click();
    const dialog = second.getByRole('dialog', { name: 'Refuse this change?' });
    await dialog.getByRole('button', { name: 'Refuse', exact: true }).click();
    await dialog.getByText('Write a reason.').first().waitFor();
    await dialog.getByLabel('Reason').fill('On duty tonight.');
    await dialog.getByRole('button', { name: 'Refuse', exact: true }).click();
    await second.getByText('The change is refused.').waitFor();
    await first.reload();
    await first.getByText('Reason: On duty tonight.').waitFor();

    await first.getByRole('button', { name: 'Change: Damir Izmišljeni' }).click();
    await first.getByRole('dialog').getByRole('button', { name: 'Propose' }).click();
    await first.getByRole('button', { name: 'Take back: Roles and access' }).click();
    await first.getByText('The proposal is taken back.').waitFor();
    expect(await axeEverywhere(first, 'administrator')).toEqual([]);
  });

  it('confirms with a passkey a reset that ends what the officer had open', async () => {
    const page = await desks.officer('autor2', '/desk/account');
    await VirtualAuthenticator.in(second);
    await second.goto('/desk/account');
    await second.getByRole('button', { name: 'Add a passkey' }).click();
    await second.getByRole('dialog').getByLabel('Name').fill('Key');
    await second.getByRole('dialog').getByLabel('One-time code').fill((await desks.stack.credentials('uprava2')).code);
    await second.getByRole('button', { name: 'Make the passkey' }).click();
    await second.getByText('The passkey was added.').waitFor();

    await first.getByRole('button', { name: 'Reset sign-in: Aleksa Izmišljeni' }).click();
    await first.getByRole('alertdialog').getByRole('button', { name: 'Propose' }).click();
    await halfIn(first);
    await second.goto('/desk/administrator');
    await second.getByRole('button', { name: 'Confirm: Reset of a sign-in' }).click();
    await second.getByRole('button', { name: 'Confirm – with passkey' }).click();
    await halfIn(second);
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByText('Your sign-in was reset.').waitFor();
  });

  it('is no desk for an author, and for an auditor one to read', async () => {
    const author = await desks.officer('autor', '/desk/administrator');
    await author.getByText('This is not for your role').first().waitFor();
    const auditor = await desks.officer('revizor', '/desk/administrator');
    await auditor.getByRole('rowheader', { name: 'Nova Izmišljena' }).waitFor();
    expect(await auditor.getByRole('button', { name: /Confirm|Refuse|Take back|Change|Reset|Add an officer/ }).count()).toBe(0);
  });
});
