import type { Page } from 'playwright-core';
import { signRequest } from '#dispatch/partner-signature.js';
import { Story } from '../support/story.js';
import { axeEverywhere, axeFindings, becomes, Desks, inBrowser, keepPicture } from './browser.js';

inBrowser('the partner\'s desk in a browser', () => {
  let desks: Desks;
  let page: Page;
  beforeAll(async () => {
    desks = await Desks.open({ partnerOf: ['tv-1', 'tv-live'] });
    page = await desks.officer('tehnika-rts', '/desk/partner');
  });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  const section = (name: string) => page.locator('section', { has: page.getByRole('heading', { level: 2, name }) });

  it('shows the destinations of the account, drill and live apart, and leads to each in its own world', async () => {
    await page.getByRole('heading', { level: 3, name: 'Televizija tv-1' }).waitFor();
    await becomes(() => page.getByRole('heading', { level: 3 }).allTextContents(), ['Televizija tv-1', 'Televizija tv-live']);
    expect(await axeEverywhere(page, 'partner')).toEqual([]);
    await page.getByRole('link', { name: 'Televizija tv-live' }).click();
    await page.getByRole('heading', { level: 1, name: 'Televizija tv-live' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/desk/live/partner/tv-live');
    await page.goto('/desk/drill/partner/tv-2');
    await page.getByRole('heading', { level: 1, name: 'There is no such destination' }).waitFor();
    // The other world has no such destination either, though the account has it.
    await page.goto('/desk/drill/partner/tv-live');
    await page.getByRole('heading', { level: 1, name: 'There is no such destination' }).waitFor();
    await page.goto('/desk/drill/alerts');
    await page.getByRole('heading', { level: 1, name: 'This is not for your role' }).waitFor();
    expect(await page.getByRole('link', { name: 'Alerts', exact: true }).count()).toBe(0);
  });

  it('is read at 400 % zoom without scrolling sideways: rows of tables become blocks whose cells are named', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto('/desk/drill/partner/tv-1');
    await section('Health').getByRole('rowheader', { name: 'tv-1' }).waitFor();
    const channel = section('Health').getByRole('cell', { name: 'Television and radio (cap-push)' });
    await becomes(() => channel.getAttribute('data-name'), 'Channel');
    await becomes(() => page.evaluate(`[document.scrollingElement, ...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className)`), []);
    await page.setViewportSize({ width: 1366, height: 900 });
  });

  it('sends a test that arrives marked at the partner, and shows its acknowledgement', async () => {
    await page.goto('/desk/drill/partner/tv-1');
    await section('Health').getByRole('button', { name: 'Send a test' }).click();
    await section('Health').getByText('the test was received').waitFor();
    await section('Health').getByText('confirmed').waitFor();
    expect(desks.stack.partner('tv-1').ledger.map(({ action }) => action)).toEqual(['test']);
    expect(desks.stack.partner('tv-live').ledger).toEqual([]);
    expect(await axeEverywhere(page, 'partner-destination')).toEqual([]);
  });

  it('replaces the signing secret with a fresh code and shows the new one once', async () => {
    await section('Signing secrets').getByRole('button', { name: 'Replace: tv-1-webhook' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Replace the secret?' });
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByLabel('One-time code').fill('000000');
    await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
    await dialog.getByText('The code is wrong.').waitFor();
    await dialog.getByLabel('One-time code').fill((await desks.stack.credentials('tehnika-rts')).code);
    await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
    const shown = page.getByRole('alertdialog', { name: 'The new secret' });
    const secret = (await shown.locator('.partner-secret').textContent())!;
    await keepPicture(page, 'partner-new-secret');
    expect(await axeFindings(page)).toEqual([]);
    await shown.getByRole('button', { name: 'I have kept it' }).click();
    await page.reload();
    await section('Signing secrets').getByRole('button', { name: 'End the one before: tv-1-webhook' }).waitFor();
    expect(await page.getByText(secret).count()).toBe(0);
    const answerTo = async (by: string): Promise<number> => {
      const target = '/v1/partners/tv-1/erasures';
      const headers = { ...signRequest(by, `req-${Date.now()}`, Date.now() / 1_000, { method: 'GET', target }) };
      return (await fetch(`${desks.stack.address}${target}`, { headers })).status;
    };
    expect([await answerTo(secret), await answerTo(desks.stack.secret('tv-1-webhook'))]).toEqual([200, 200]);
    await section('Signing secrets').getByRole('button', { name: 'End the one before: tv-1-webhook' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'End the one before', exact: true }).click();
    await section('Signing secrets').getByText('The secret before is no longer valid.').waitFor();
    expect([await answerTo(secret), await answerTo(desks.stack.secret('tv-1-webhook'))]).toEqual([200, 401]);
  });

  it('shows what went to it, and takes the word that it has erased', async () => {
    desks.stack.partner('tv-1').setFaults({ noErasure: true });
    const author = await desks.stack.as('autor');
    const story = await (await (await Story.written(author)).submitted()).approved(await desks.stack.as('odobrava'));
    await story.deliveriesUntil((all) => all.some((d) => d.destination === 'tv-1' && d.acceptedAt !== null));
    await story.ended('found');
    const confirm = section('What has to be erased').getByRole('button', { name: `Confirm erasure: ${story.alert.id.slice(0, 8)}` });
    await confirm.click();
    const dialog = page.getByRole('alertdialog', { name: 'Is everything erased?' });
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Confirm erasure', exact: true }).click();
    await section('What has to be erased').getByText('Nothing waits to be erased.').waitFor();
    await section('Last messages').getByText('found', { exact: true }).waitFor();
    const { items } = await author.get<{ items: { destination: string; confirmedBy: string | null }[] }>(`/v1/drill/erasures?alert=${story.alert.id}&state=all`);
    expect(items.find((e) => e.destination === 'tv-1')!.confirmedBy).toMatch(/^officer:/);
    // Nothing of the case is in the partner's page.
    expect(await page.content()).not.toMatch(/Kanarinka|Канаринка/);
    await keepPicture(page, 'partner-after-alert');
  });
});
