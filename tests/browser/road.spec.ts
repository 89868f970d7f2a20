import type { Page } from 'playwright-core';
import { VirtualAuthenticator } from './authenticator.js';
import { Desks, inBrowser, keepPicture } from './browser.js';

inBrowser('the whole road in the browser', () => {
  let desks: Desks;
  beforeAll(async () => { desks = await Desks.open(); });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  const fill = (page: Page, name: RegExp | string, text: string) => page.getByRole('textbox', { name }).first().fill(text);
  const handIn = async (page: Page) => {
    await page.getByText('Everything is there; it can be handed in.').waitFor();
    await page.getByRole('button', { name: /^Hand in for review/ }).click();
    await page.getByText('Handed in for review.').waitFor();
  };

  it('an author writes, an approver gives back, the author mends, the approver approves by passkey, both watch, the child is found, an auditor verifies', async () => {
    const [author, approver, auditor] = await Promise.all([desks.person(), desks.person(), desks.person()]);
    const authenticator = await VirtualAuthenticator.in(approver);
    await desks.signIn(approver, 'odobrava', '/desk/account');
    await approver.getByRole('button', { name: 'Add a passkey' }).click();
    await approver.getByRole('dialog').getByLabel('Name').fill('Duty desk');
    await approver.getByRole('dialog').getByLabel('One-time code').fill((await desks.stack.credentials('odobrava')).code);
    await approver.getByRole('button', { name: 'Make the passkey' }).click();
    await approver.getByText('The passkey was added.').waitFor();
    await approver.goto('/desk/drill/reviews');
    await approver.getByText('Nothing waits.').waitFor();

    await desks.signIn(author, 'autor', '/desk');
    await author.getByRole('link', { name: 'Enter the drill' }).click();
    await author.getByRole('link', { name: 'Write', exact: true }).click();
    await author.getByRole('button', { name: /^New alert/ }).click();
    await fill(author, /^Case number/, 'KU-900/2026');
    await fill(author, /^Name, Latin/, 'Kanarinka Probić');
    await fill(author, /^Name, Cyrillic/, 'Канаринка Пробић');
    await fill(author, /^Date of birth/, '17.5.2021');
    await author.getByText('female', { exact: true }).click();
    await fill(author, /^Last seen at/, '0:01');
    await fill(author, /^Place, Latin/, 'Čačak');
    await fill(author, /^Place, Cyrillic/, 'Чачак');
    await fill(author, /^Place, English/, 'Čačak');
    await author.getByText(/^Child under 7/).click();
    await fill(author, /^Why publication helps/, 'Probni podaci.');
    await fill(author, /^Judged by/, 'probni službenik 7');
    await author.getByText(/^All of Serbia/).click();
    await fill(author, /^Valid for hours/, '24');
    await handIn(author);

    // The queue hears of it by itself.
    await approver.getByRole('link', { name: 'Review case KU-900/2026' }).click();
    await approver.getByRole('button', { name: 'Give back…' }).click();
    await approver.getByRole('alertdialog').getByLabel('Reason').fill('Nedostaje opis odeće.');
    await approver.getByRole('alertdialog').getByRole('button', { name: 'Give back' }).click();
    await approver.waitForURL('**/desk/drill/reviews');

    await author.getByText('Nedostaje opis odeće.').waitFor();
    await author.getByRole('button', { name: /^Go on/ }).first().click();
    await fill(author, /^Clothing, Latin/, 'crvena jakna');
    await fill(author, /^Clothing, Cyrillic/, 'црвена јакна');
    await fill(author, /^Clothing, English/, 'red jacket');
    await handIn(author);

    await approver.getByRole('link', { name: 'Review case KU-900/2026' }).click();
    await approver.getByRole('region', { name: 'Changes since it was given back' }).getByText('red jacket').waitFor();
    const before = await authenticator.signatures();
    await approver.getByRole('button', { name: 'Approve…' }).click();
    await approver.getByRole('alertdialog').getByText('KU-900/2026').waitFor();
    await approver.getByRole('alertdialog').getByRole('button', { name: /^Approve the drill/ }).click();
    await approver.waitForURL('**/desk/drill/alerts/*');
    expect(await authenticator.signatures()).toBeGreaterThan(before);
    await approver.getByText('5 of 5 partners').waitFor();
    await keepPicture(approver, 'road-board');

    await author.getByRole('link', { name: 'Alerts', exact: true }).click();
    await author.getByRole('link', { name: 'KU-900/2026' }).click();
    await author.getByRole('button', { name: 'Child found…' }).click();
    await author.getByRole('alertdialog').getByRole('button', { name: 'Confirm: the child is found' }).click();
    await author.getByText(/Time to withdraw: Everyone had it after/).waitFor();
    await approver.getByText('declared the child found').waitFor();

    await desks.signIn(auditor, 'revizor', '/desk/audit/proof');
    await auditor.getByRole('button', { name: 'Verify now' }).click();
    await auditor.getByRole('status').getByText('All is whole').waitFor({ timeout: 60_000 });
    expect(await auditor.locator('main').innerText()).not.toContain('Kanarinka');
    await keepPicture(auditor, 'road-verified');
  }, 240_000);
});
