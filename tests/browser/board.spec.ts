import type { Page } from 'playwright-core';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { Story } from '../support/story.js';
import { axeEverywhere, axeInDialog, becomes, Desks, inBrowser } from './browser.js';

inBrowser('the fan-out board in a browser', () => {
  let desks: Desks;
  let author: ApiClient;
  let approver: ApiClient;
  let story: Story;
  let page: Page;
  beforeAll(async () => {
    // An operator that does not know repetitions: what it may have got waits for a person.
    const settings = {
      host: '127.0.0.1', port: await freePort(), systemId: 'findme', password: 'operator-asks-password', binds: 1, window: 20, ratePerSecond: 1_000,
      source: { address: 'PronadjiMe' }, audience: { kind: 'distribution-list', name: 'SVI' }, deduplicates: false, timeoutMs: 1_000, maxSegments: 6,
    };
    desks = await Desks.open({ destinations: [{ id: 'operator-asks', name: 'Operater koji pita', channel: 'smpp', mode: 'drill', simulated: true, settings }] });
    [author, approver] = await Promise.all([desks.stack.as('autor'), desks.stack.as('odobrava')]);
    story = await (await Story.written(author)).submitted();
    page = await desks.person();
  });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  const at = (id: string) => `/desk/drill/alerts/${id}`;
  const row = (name: string, of: Page = page) => of.getByRole('row', { name: new RegExp(name) });

  it('is watched from before the approval, and shows without being touched how everyone gets it', async () => {
    await desks.signIn(page, 'dezurni', at(story.alert.id));
    await page.getByText('Nothing has been approved yet').waitFor();
    desks.stack.partner('operator-asks').setFaults({ hang: true });
    await story.approved(approver);
    for (const name of ['Televizija tv-1', 'Televizija tv-2', 'Operater operator-list', 'Redakcija newsroom']) await row(name).getByText(/accepted|confirmed/).waitFor();
    await page.getByText('5 of 6 partners').waitFor();
    await page.getByText(/^As of \d\d:\d\d:\d\d, \d/).waitFor();
    await page.getByText('Sending began.').waitFor();
  });

  it('says of a partner that hangs that it is uncertain, and opens to everything that is known of it', async () => {
    await row('Operater koji pita').getByText('? uncertain').waitFor();
    await page.getByRole('heading', { name: '1 delivery waits for a person' }).waitFor();
    await page.getByRole('button', { name: 'Operater koji pita', exact: true }).press('Enter');
    await page.getByText(/1 attempt · uncertain/).waitFor();
    await becomes(() => page.title(), expect.stringContaining('(1) DRILL'));
  });

  it('reads without fault in three languages and both schemes', async () => {
    expect(await axeEverywhere(page, 'board')).toEqual([]);
  });

  it('marks what it shows as stale while the server does not answer, and takes the mark away', async () => {
    await page.context().setOffline(true);
    await page.getByText(/^STALE: this is how things stood at/).waitFor();
    // What decides is refused in plain words, and nothing is kept for later.
    await page.getByRole('button', { name: 'Withdraw the alert…' }).click();
    await page.getByRole('button', { name: 'Confirm the withdrawal' }).click();
    await page.getByRole('alertdialog').getByText('so nothing was sent').waitFor();
    await page.getByRole('button', { name: 'Back' }).click();
    await page.context().setOffline(false);
    await page.getByText(/^STALE/).waitFor({ state: 'detached' });
    expect((await author.get<{ status: string }>(story.path)).status).toBe('active');
  });

  it('marks it as stale while the stream of events is cut, and goes on when it is back', async () => {
    const other = await page.context().newPage();
    await other.route('**/v1/drill/events*', (route) => route.abort());
    await other.goto(at(story.alert.id));
    await other.getByText('The stream of events is broken', { exact: false }).last().waitFor();
    await other.unroute('**/v1/drill/events*');
    await other.getByText(/^STALE/).waitFor({ state: 'detached' });
    await other.close();
  });

  it('has a dead letter sent again, with a reason', async () => {
    desks.stack.partner('operator-asks').setFaults({});
    await page.getByRole('button', { name: 'Send again: Operater koji pita' }).click();
    await page.getByRole('dialog').getByText('The partner says that it has not got it.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
    await page.getByRole('heading', { name: '1 delivery waits for a person' }).waitFor({ state: 'detached' });
    await row('Operater koji pita').getByText(/accepted|confirmed/).waitFor();
    await page.getByText('had it sent again: Operater koji pita').waitFor();
  });

  it('ends an alert in two actions by the keyboard alone, showing first what will be sent', async () => {
    const find = page.getByRole('button', { name: 'Child found…' });
    await find.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog');
    for (const language of ['sr-Latn', 'sr-Cyrl', 'en']) await becomes(() => dialog.locator(`figure[lang="${language}"]`).innerText(), expect.stringMatching(/^.{80}/s));
    expect(await axeInDialog(page, 'board-end')).toEqual([]);
    await dialog.getByRole('button', { name: 'Confirm: the child is found' }).focus();
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(/Time to withdraw: Everyone had it after/).waitFor();
    const { items } = await author.get<{ items: { kind: string; msToAcceptance: number | null }[] }>(`${story.path}/deliveries?limit=1000`);
    expect(new Set(items.filter(({ kind }) => kind === 'found').map(({ msToAcceptance }) => msToAcceptance === null))).toEqual(new Set([false]));
    await page.getByText('declared the child found').waitFor();
    await becomes(() => page.getByRole('button', { name: 'Child found…' }).count(), 0);
    expect(await axeEverywhere(page, 'board-ended')).toEqual([]);
  });

  it('shows an auditor all of it and lets them decide nothing', async () => {
    const second = await (await (await Story.written(author)).submitted()).approved(approver);
    const reader = await desks.officer('revizor', at(second.alert.id));
    await row('Televizija tv-1', reader).getByText(/accepted|confirmed/).waitFor();
    for (const name of ['Child found…', 'Withdraw the alert…', 'Begin an update']) expect(await reader.getByRole('button', { name }).count()).toBe(0);
    expect(await reader.locator('main').innerText()).not.toContain('Kanarink');
    await reader.getByRole('link', { name: 'Alerts' }).click();
    await reader.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
    await reader.getByRole('link', { name: 'KU-1234/2026' }).nth(1).waitFor();
    expect(await axeEverywhere(reader, 'alerts')).toEqual([]);
  });

  it('begins an update for an author', async () => {
    const third = await (await (await Story.written(author)).submitted()).approved(approver);
    await page.goto(at(third.alert.id));
    await page.getByRole('button', { name: 'Begin an update' }).click();
    await page.getByText('Update 2: draft.').waitFor();
    await page.getByRole('link', { name: 'Go to writing' }).click();
    await page.getByRole('heading', { level: 3, name: 'KU-1234/2026' }).first().waitFor();
  });
});
