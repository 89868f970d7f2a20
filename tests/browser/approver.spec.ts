import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { ProblemAnswer, type ApiClient } from '#apps/findme/drill/api-client.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { Story } from '../support/story.js';
import { axeEverywhere, axeInDialog, becomes, Desks, inBrowser, keepPicture } from './browser.js';

inBrowser('the approver\'s desk', () => {
  /** The folder that the simulated playout shares with us. */
  let media: string;
  let desks: Desks;
  let author: ApiClient;
  let colleague: ApiClient;
  let page: Page;

  beforeAll(async () => {
    media = await mkdtemp(join(tmpdir(), 'findme-media-'));
    desks = await Desks.open({
      destinations: [
        { id: 'cells', name: 'Ćelije', channel: 'cell-broadcast', mode: 'drill', simulated: true, settings: { driver: 'osmo-cbc', host: '127.0.0.1', port: await freePort(), languages: ['sr-Latn', 'en'], scope: 'plmn' } },
        { id: 'sign', name: 'Znak', channel: 'ntcip-sign', mode: 'drill', simulated: true, settings: { host: '127.0.0.1', port: await freePort(), access: { version: 'v2c', community: 'sign-password' }, rows: 4, columns: 20, maxPages: 4 } },
        { id: 'televizija', name: 'Televizija sa karticom', channel: 'casparcg', mode: 'drill', simulated: true, settings: { port: await freePort(), folder: media, crawlTemplate: 'CRAWL' } },
      ],
    });
    [author, colleague] = await Promise.all([desks.stack.as('autor'), desks.stack.as('dezurni')]);
    page = await desks.officer('odobrava', '/desk/drill/reviews');
  });
  afterAll(async () => {
    await desks.close();
    await rm(media, { recursive: true, force: true });
  });
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  const submitted = async (caseNumber: string) => (await Story.written(author, 'drill', { caseNumber })).submitted();
  const open = async (story: Story) => {
    await page.goto(`/desk/drill/reviews/${story.alert.id}`);
    await page.getByRole('heading', { level: 2, name: 'Exactly what will be sent' }).waitFor();
  };
  const statusOf = async (story: Story) => (await author.get<{ status: string }>(story.path)).status;
  const dialog = () => page.getByRole('alertdialog');
  const fillCode = async () => { await dialog().getByRole('textbox', { name: 'One-time code' }).fill((await desks.stack.credentials('odobrava')).code); };
  /** How often the page asked for an approval. */
  const countApprovals = () => {
    const sent: string[] = [];
    const listen = (request: { method(): string; url(): string; headers(): Record<string, string> }) => {
      if (request.method() === 'POST' && request.url().endsWith('/approve')) sent.push(request.headers()['idempotency-key'] ?? '');
    };
    page.on('request', listen);
    return { sent, stop: () => page.off('request', listen) };
  };

  it('tells of what comes by itself, counts it in the tab, and can be muted', async () => {
    await page.goto('/desk/drill/reviews');
    await page.getByText('Nothing waits.').waitFor();
    await becomes(() => page.title(), 'DRILL · Waiting for approval – Find Me');
    const mute = page.getByRole('checkbox', { name: 'Sound for new ones' });
    await becomes(() => mute.isChecked(), true);
    await page.getByText('Sound for new ones').click();
    await becomes(() => mute.isChecked(), false);
    const story = await submitted('KU-11/2026');
    await page.getByRole('status').getByText('New to approve: case KU-11/2026.').waitFor();
    await becomes(() => page.title(), '(1) DRILL · Waiting for approval – Find Me');
    expect(await axeEverywhere(page, 'approver-queue')).toEqual([]);
    await colleague.post(`${story.path}/reject`, { reason: 'Proba.' }, { 'if-match': `"${story.alert.version}"` });
    await page.getByText('Nothing waits.').waitFor();
  });

  it('shows the frozen revision whole, and every channel as it will be sent', async () => {
    const story = await Story.written(author, 'drill', { caseNumber: 'KU-12/2026' });
    const photo = await sharp({ create: { width: 90, height: 120, channels: 3, background: '#7788aa' } }).jpeg().toBuffer();
    story.alert = await (await author.send('PUT', `${story.path}/photo`, photo, { 'content-type': 'image/jpeg', ...story.current })).json() as typeof story.alert;
    await story.submitted();
    await page.goto('/desk/drill/reviews');
    await page.getByRole('link', { name: 'Review case KU-12/2026' }).click();
    await page.getByRole('heading', { level: 1, name: 'Review: case KU-12/2026' }).waitFor();
    await page.getByText(story.alert.proposal!.contentHash!.slice(0, 12), { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Serbian, Cyrillic' }).first().waitFor();

    await page.getByRole('img', { name: 'Photo of the child, 90 × 120 pixels' }).waitFor();
    await becomes(() => page.evaluate<number>('document.querySelector(".approver-photo img").naturalWidth'), 90);

    const tab = (name: string) => page.getByRole('tab', { name }).click();
    await tab('Cell broadcast');
    await becomes(() => page.getByRole('tabpanel').getByText('4381').count(), 1);
    await tab('SMS');
    await page.getByRole('tabpanel').getByText('Parts and octets').first().click();
    await page.getByRole('tabpanel').getByText(/Part 1 of \d/).first().waitFor();
    await tab('Road signs');
    const pages = page.getByRole('img', { name: /^Page 1 of/ });
    await becomes(() => pages.getAttribute('aria-label'), expect.stringContaining('VEZBA'));
    await becomes(() => pages.locator('span').count(), 4 * 20);
    await keepPicture(page, 'approver-sign');
    await tab('Television playout');
    await page.getByRole('img', { name: /Picture as it is sent/ }).waitFor();
    await becomes(() => page.evaluate<number>('document.querySelector(".preview-exhibit img").naturalWidth'), 1920);
    await keepPicture(page, 'approver-television');
    await tab('Television and radio');
    await page.getByRole('button', { name: /Pictures and documents for/ }).click();
    await page.getByRole('option', { name: 'Televizija tv-2' }).click();
    const asked = page.waitForRequest((request) => request.url().includes('/previews/tv-2/0/cap.xml?version='));
    await page.getByText('Document cap.xml').click();
    await asked;
    await page.getByText('Unsigned: the signature is made at sending.').waitFor();
    await page.getByRole('region', { name: 'cap.xml' }).getByText('<identifier>').waitFor();
    await tab('E-mail');
    await page.getByText('[VEŽBA / ВЕЖБА / DRILL]').first().waitFor();
    expect(await axeEverywhere(page, 'approver-review')).toEqual([]);
  });

  it('approves what it names, once however often it is pressed, and goes to the board', async () => {
    const story = await submitted('KU-13/2026');
    await open(story);
    await page.getByRole('button', { name: 'Approve…' }).click();
    await dialog().getByRole('heading', { name: 'Approve: DRILL' }).waitFor();
    for (const named of ['KU-13/2026', 'South Bačka', 'Cell broadcast', story.alert.proposal!.contentHash!.slice(0, 12)]) await dialog().getByText(named).first().waitFor();
    expect(await axeInDialog(page, 'approver-dialog')).toEqual([]);

    await dialog().getByRole('textbox', { name: 'One-time code' }).fill('000000');
    await dialog().getByRole('button', { name: 'Approve the drill' }).click();
    await dialog().getByText('The code is wrong.').waitFor();
    expect(await statusOf(story)).toBe('prepared');

    const approvals = countApprovals();
    await fillCode();
    await dialog().getByRole('button', { name: 'Approve the drill' }).dblclick();
    await page.waitForURL(`**/desk/drill/alerts/${story.alert.id}`);
    approvals.stop();
    expect(await statusOf(story)).toBe('active');
    expect(new Set(approvals.sent).size).toBe(1);
    expect(await author.get<{ items: { type: string }[] }>(`${story.path}/timeline`)).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ type: 'revision.approved' })]) as unknown });
  });

  it('gives back with a reason, never without one, and shows what changed when it comes again', async () => {
    const story = await submitted('KU-14/2026');
    await open(story);
    await page.getByRole('button', { name: 'Give back…' }).click();
    await dialog().getByRole('button', { name: 'Give back' }).click();
    await dialog().getByText('Give a reason.').waitFor();
    await dialog().getByLabel('Reason').fill('Proveriti boju jakne.');
    await dialog().getByRole('button', { name: 'Give back' }).click();
    await page.waitForURL('**/desk/drill/reviews');

    const { version, proposal } = await author.get<{ version: number; proposal: { status: string; content: object } }>(story.path);
    expect(proposal.status).toBe('returned');
    story.alert = await author.put(`${story.path}/content`, { ...proposal.content, validHours: 7, photo: undefined }, { 'if-match': `"${version}"` });
    await story.submitted();
    await open(story);
    const changes = page.getByRole('region', { name: 'Changes since it was given back' });
    await changes.getByRole('row').filter({ hasText: 'Valid for hours' }).getByText('7', { exact: true }).waitFor();
    await page.getByRole('region', { name: 'Why it was given back' }).getByText('Proveriti boju jakne.').waitFor();
    await keepPicture(page, 'approver-comparison');
  });

  it('explains that what is open was changed meanwhile, and sends no approval of it', async () => {
    const story = await submitted('KU-15/2026');
    await open(story);
    // The page hears of nothing, so that only the refusal can tell it.
    await page.route('**/v1/drill/events*', (route) => route.abort());
    await page.reload();
    await page.getByRole('heading', { level: 2, name: 'Exactly what will be sent' }).waitFor();
    await page.getByRole('button', { name: 'Approve…' }).click();
    await fillCode();
    const back = await colleague.post<{ version: number; proposal: { content: object } }>(`${story.path}/return`, { reason: 'Dopuniti.' }, { 'if-match': `"${story.alert.version}"` });
    story.alert = await author.put(`${story.path}/content`, { ...(await author.get<{ proposal: { content: object } }>(story.path)).proposal.content, validHours: 9 }, { 'if-match': `"${back.version}"` });
    await story.submitted();
    await dialog().getByRole('button', { name: 'Approve the drill' }).click();
    await page.getByText('The revision was changed meanwhile.').waitFor();
    await page.getByText(story.alert.proposal!.contentHash!.slice(0, 12), { exact: true }).waitFor();
    await becomes(() => dialog().count(), 0);
    expect(await statusOf(story)).toBe('prepared');
    await page.unroute('**/v1/drill/events*');
  });

  it('sends nothing later when the connection goes at the moment of approval', async () => {
    const story = await submitted('KU-16/2026');
    await open(story);
    await page.getByRole('button', { name: 'Approve…' }).click();
    await fillCode();
    const approvals = countApprovals();
    await page.route('**/approve', (route) => route.abort('internetdisconnected'));
    await dialog().getByRole('button', { name: 'Approve the drill' }).click();
    await dialog().getByText('Whether the decision was taken is not known').waitFor();
    await page.context().setOffline(true);
    await dialog().getByText('Nothing is kept for later.').waitFor();
    await becomes(() => dialog().getByRole('button', { name: 'Approve the drill' }).isDisabled(), true);
    await page.unroute('**/approve');
    const asked = page.waitForResponse((response) => response.url().endsWith(`${story.path}/review`) && response.ok());
    await page.context().setOffline(false);
    await becomes(() => dialog().getByRole('button', { name: 'Approve the drill' }).isEnabled(), true);
    // The connection is back and the page has asked again what there is: nobody pressed, so nothing was sent.
    await asked;
    expect(approvals.sent).toHaveLength(1);
    approvals.stop();
    expect(await statusOf(story)).toBe('prepared');
    await dialog().getByRole('button', { name: 'Cancel' }).click();
  });

  it('keeps drill and live apart: what waits in one is not there in the other', async () => {
    const story = await submitted('KU-18/2026');
    await page.goto('/desk/live/reviews');
    await page.getByText('Nothing waits.').waitFor();
    await becomes(() => page.title(), 'LIVE · Waiting for approval – Find Me');
    await page.goto(`/desk/live/reviews/${story.alert.id}`);
    await page.getByText('There is no such alert at this address.').waitFor();
    await keepPicture(page, 'approver-live');
  });

  it('can be worked by keyboard alone, from the list to the reason', async () => {
    await page.goto('/desk/drill/reviews');
    await page.getByRole('link', { name: 'Review case KU-18/2026' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Review: case KU-18/2026' }).waitFor();
    const reached = async (name: string): Promise<void> => {
      for (let presses = 0; presses < 80; presses += 1) {
        await page.keyboard.press('Tab');
        if (await page.evaluate<string>('document.activeElement.textContent') === name) return;
      }
      throw new Error(`the keyboard does not reach ${name}`);
    };
    await page.getByRole('tab', { name: 'Cell broadcast' }).waitFor();
    await reached('Cell broadcast');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tabpanel').getByText('Parts and octets').first().waitFor();
    await reached('Reject…');
    await page.keyboard.press('Enter');
    await dialog().getByLabel('Reason').waitFor();
    await page.keyboard.type('Proba tastature.');
    await reached('Reject');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/desk/drill/reviews');
  });

  it('tells a writer why they cannot approve, and the API refuses them too', async () => {
    const story = await (await Story.written(colleague, 'drill', { caseNumber: 'KU-17/2026' })).submitted();
    const writer = await desks.officer('dezurni', `/desk/drill/reviews/${story.alert.id}`);
    await writer.getByText('You cannot approve this revision').first().waitFor();
    expect(await writer.getByRole('button', { name: 'Approve…' }).count()).toBe(0);
    await expect(colleague.post(`${story.path}/approve`, { contentHash: story.alert.proposal!.contentHash, code: await colleague.code() })).rejects.toBeInstanceOf(ProblemAnswer);
    expect(await axeEverywhere(writer, 'approver-writer')).toEqual([]);
  });
});
