import type { Page } from 'playwright-core';
import { axeEverywhere, axeFindings, becomes, Desks, inBrowser, keepPicture } from './browser.js';

inBrowser('partners under administration in a browser', () => {
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

  const confirm = async (kind: string): Promise<void> => {
    await second.reload();
    await second.getByRole('button', { name: `Confirm: ${kind}` }).click();
    const dialog = second.getByRole('alertdialog', { name: 'Confirm this change?' });
    await dialog.getByLabel('One-time code').fill((await desks.stack.credentials('uprava2')).code);
    await dialog.getByRole('button', { name: 'Confirm', exact: true }).click();
    await second.getByText('The change is confirmed and carried out.').waitFor();
  };

  it('are changed in a form that the channel\'s own schema makes, tried before, and seen as a difference', async () => {
    await first.getByRole('button', { name: 'Change: Televizija tv-1' }).click();
    const dialog = first.getByRole('dialog', { name: 'Change: Televizija tv-1' });
    await dialog.getByText('Nothing changes.').waitFor();
    expect(await axeFindings(first)).toEqual([]);
    const address = await dialog.getByLabel('url').inputValue();
    await dialog.getByLabel('url').fill('http://127.0.0.1/cap');
    await dialog.getByRole('button', { name: 'Propose' }).click();
    await dialog.getByRole('alert').getByText('Some fields are not right.').waitFor();
    await becomes(() => dialog.getByLabel('url').getAttribute('aria-invalid'), 'true');
    expect(await axeFindings(first)).toEqual([]);
    await dialog.getByRole('link', { name: /^settings\.url: / }).click();
    await becomes(() => dialog.getByLabel('url').evaluate((field) => field === field.ownerDocument.activeElement), true);

    await dialog.getByLabel('url').fill(address);
    await dialog.getByLabel('Name', { exact: true }).fill('Televizija preko mosta');
    await dialog.getByLabel('timeoutMs').fill('4000');
    const changes = dialog.getByRole('row').filter({ hasText: 'settings.timeoutMs' });
    await becomes(() => changes.getByRole('cell').allTextContents(), ['5000', '4000']);
    await dialog.getByRole('button', { name: 'Test the connection' }).click();
    await dialog.getByText('well', { exact: true }).waitFor();
    expect(desks.stack.partner('tv-1').ledger).toEqual([]);
    await keepPicture(first, 'partners-change');
    await dialog.getByRole('button', { name: 'Propose' }).click();
    await first.getByText('The proposal now waits for another administrator.').waitFor();
    expect(await first.getByRole('rowheader', { name: 'Televizija preko mosta' }).count()).toBe(0);

    // Who confirms is shown what will be otherwise, and the whole behind it.
    await second.reload();
    const difference = second.getByRole('group', { name: 'What changes' });
    await difference.getByRole('row').filter({ hasText: 'settings.timeoutMs' }).waitFor();
    await becomes(() => difference.getByRole('row').allTextContents(), ['FieldAt presentAfterwards', 'nameTelevizija tv-1Televizija preko mosta', 'settings.timeoutMs50004000']);
    await becomes(() => second.getByText('signingKey').isVisible(), false);
    await second.getByText('The whole destination').click();
    await second.getByText('signingKey').waitFor();
    await confirm('Destination');
    await second.getByRole('rowheader', { name: 'Televizija preko mosta' }).waitFor();
    expect(await axeEverywhere(second, 'administrator-partners')).toEqual([]);
  });

  it('are disabled by two, and told so', async () => {
    await first.reload();
    await first.getByRole('button', { name: 'Disable: Televizija tv-2' }).click();
    await first.getByRole('alertdialog').getByRole('button', { name: 'Propose' }).click();
    await first.getByText('The proposal now waits for another administrator.').waitFor();
    await confirm('Disabling a destination');
    await second.getByRole('button', { name: 'Enable: Televizija tv-2' }).waitFor();
  });

  it('get accounts that are bound to what they answer for', async () => {
    await first.getByRole('button', { name: 'Add a partner\'s account' }).click();
    const dialog = first.getByRole('dialog', { name: 'Add a partner\'s account' });
    await dialog.getByLabel('User name').fill('tehnika-nova');
    await dialog.getByLabel('Name', { exact: true }).fill('Nova Izmišljena, tehnika');
    await dialog.getByRole('button', { name: 'Propose' }).click();
    await dialog.getByText('Choose at least one destination.').waitFor();
    await dialog.getByText('Televizija preko mosta (drill)').click();
    expect(await axeFindings(first)).toEqual([]);
    await dialog.getByRole('button', { name: 'Propose' }).click();
    await first.getByRole('alertdialog', { name: 'Your half of the code' }).getByRole('button', { name: 'I have noted it' }).click();
    await first.getByText('tehnika-nova').waitFor();
  });
});
