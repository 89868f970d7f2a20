import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Download, Page } from 'playwright-core';
import { ReadPdf } from '#apps/api/testing/pdf.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';
import { axeEverywhere, becomes, Desks, inBrowser } from './browser.js';

inBrowser('the auditor’s desk in a browser', () => {
  let desks: Desks;
  let page: Page;
  let story: Story;
  let folder: string;

  beforeAll(async () => {
    desks = await Desks.open();
    folder = await mkdtemp(join(tmpdir(), 'findme-auditor-'));
    const author = await desks.stack.as('autor');
    story = await Story.written(author);
    await story.submitted();
    await story.approved(await desks.stack.as('odobrava'));
    await story.deliveriesUntil((all) => all.length > 0 && all.every((d) => d.state === 'confirmed' || d.state === 'accepted'));
    // Its first airing is on record before it ends: a slot that nobody had opened yet would never be.
    await until(() => author.get<{ destinations: readonly { destination: string; aired: number }[] }>(`${story.path}/airing`), ({ destinations }) => destinations.some((one) => one.destination === 'tv-1' && one.aired > 0), JSON.stringify);
    await story.ended('found');
    await story.deliveriesUntil((all) => all.some((d) => d.kind === 'found') && all.every((d) => ['confirmed', 'accepted', 'cancelled'].includes(d.state)));
    page = await desks.officer('revizor', '/desk/audit');
  });
  afterAll(async () => {
    await desks.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  /** Presses what downloads, and keeps the file as the browser does. */
  async function taken(name: string | RegExp, within: Page | ReturnType<Page['locator']> = page): Promise<{ file: string; download: Download }> {
    const coming = page.waitForEvent('download');
    await within.getByRole('link', { name }).click();
    const download = await coming;
    const file = join(folder, download.suggestedFilename());
    await download.saveAs(file);
    return { file, download };
  }
  const run = async (...parameters: string[]): Promise<{ code: number; said: string }> => {
    try {
      return { code: 0, said: (await promisify(execFile)(process.execPath, parameters, { cwd: folder, env: {} })).stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, said: stdout + stderr };
    }
  };
  const pick = async (field: string, option: string): Promise<void> => {
    await page.getByRole('form', { name: 'What to look for' }).getByRole('button', { name: field }).click();
    await page.getByRole('option', { name: option, exact: true }).click();
  };

  it('finds facts by their partner and outcome, keeps the search in the address, and shows the same to who is given it', async () => {
    await page.goto('/desk/audit');
    await page.getByRole('heading', { level: 1, name: 'Search the facts' }).waitFor();
    await pick('Partner', 'Televizija tv-1 (drill)');
    await pick('Outcome', 'accepted');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.waitForURL(/destination=tv-1/);
    await page.getByRole('group', { name: 'Facts' }).getByText('Televizija tv-1: attempt 1').first().waitFor();
    const sentences = await page.getByRole('group', { name: 'Facts' }).locator('tbody tr').allTextContents();
    expect(sentences.length).toBeGreaterThan(0);
    for (const sentence of sentences) expect(sentence).toContain('Televizija tv-1');
    expect(page.url()).toContain('outcome=accepted');
    await page.reload();
    await page.getByRole('group', { name: 'Facts' }).getByText('Televizija tv-1: attempt 1').first().waitFor();
    await becomes(() => page.getByRole('group', { name: 'Facts' }).locator('tbody tr').allTextContents(), sentences);
    expect(await axeEverywhere(page, 'auditor-facts')).toEqual([]);
  });

  it('names what cannot be looked for at its field, and takes the focus there', async () => {
    await page.goto('/desk/audit');
    await page.getByLabel(/^Alert \(id\)/).fill('no such thing');
    await page.keyboard.press('Enter');
    const summary = page.getByRole('alert');
    await summary.getByText('The id of an alert has 36 characters').waitFor();
    await becomes(() => summary.evaluate((element) => element === element.ownerDocument.activeElement), true);
    await summary.getByRole('link').click();
    await becomes(() => page.getByLabel(/^Alert \(id\)/).evaluate((element) => element === element.ownerDocument.activeElement && element.getAttribute('aria-invalid') === 'true'), true);
  });

  it('finds a case by its number without leaving that in the address', async () => {
    await page.goto('/desk/audit');
    await page.getByRole('textbox', { name: 'Case number' }).fill('KU-1234/2026');
    await page.getByRole('button', { name: 'Find the case' }).click();
    const link = page.getByRole('form', { name: 'By case number' }).getByRole('link', { name: 'KU-1234/2026' });
    await link.waitFor();
    expect(page.url()).not.toContain('1234');
    await link.click();
    await page.waitForURL(new RegExp(`/desk/audit/alerts/${story.alert.id}$`));
  });

  it('tells one alert in words, in order, with every attempt and receipt', async () => {
    await page.goto(`/desk/audit/alerts/${story.alert.id}`);
    const timeline = page.getByRole('group', { name: 'From the first draft to the erasure' });
    await timeline.getByText('declared the child found').waitFor();
    const rows = await timeline.locator('tbody tr').allTextContents();
    const order = ['opened the case', 'submitted revision 1', 'approved revision 1', 'attempt 1', 'declared the child found'].map((words) => rows.findIndex((row) => row.includes(words)));
    expect(order.every((place, n) => place >= 0 && (n === 0 || place > order[n - 1]!))).toBe(true);
    expect(rows.some((row) => row.includes('Televizija tv-1 confirmed'))).toBe(true);
    expect(rows.join(' ')).not.toContain('Kanarinka');
    expect(await axeEverywhere(page, 'auditor-alert')).toEqual([]);
  });

  it('gives a report as PDF in the language spoken, with a checkpoint inside', async () => {
    await page.goto(`/desk/audit/alerts/${story.alert.id}`);
    const { file } = await taken('Report (PDF)');
    const pdf = new ReadPdf(await readFile(file));
    expect(pdf.text()).toContain('Approved and activated');
    expect([...pdf.files().keys()].sort()).toEqual(['checkpoint.json', 'facts.jsonl', 'keys.pem']);
  });

  it('shows alerts, airing and times, each with its figures as a table', async () => {
    await page.goto('/desk/audit/alerts');
    await page.getByRole('group', { name: 'Alerts' }).getByRole('link', { name: 'KU-1234/2026' }).waitFor();
    expect(await axeEverywhere(page, 'auditor-alerts')).toEqual([]);
    await page.getByRole('link', { name: 'Airing' }).click();
    await page.getByRole('rowheader', { name: 'Televizija tv-1' }).waitFor();
    await page.getByRole('button', { name: 'Slots: Televizija tv-1' }).click();
    await page.getByRole('group', { name: 'Slots: Televizija tv-1' }).getByText(/receipt \d+: aired/).first().waitFor();
    expect(await axeEverywhere(page, 'auditor-airing')).toEqual([]);
    await page.getByRole('link', { name: 'Times' }).click();
    await page.getByRole('img', { name: 'From approval to acceptance, by channel' }).waitFor();
    await page.getByRole('group', { name: 'From approval to acceptance, by channel' }).getByRole('rowheader', { name: 'Television and radio' }).waitFor();
    expect(await axeEverywhere(page, 'auditor-times')).toEqual([]);
  });

  it('verifies now, and explains the verdict', async () => {
    await page.goto('/desk/audit/proof');
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByRole('status').getByText('All is whole').waitFor({ timeout: 60_000 });
    await page.getByRole('status').getByText(/facts follow from each other/).waitFor();
    expect(await axeEverywhere(page, 'auditor-proof')).toEqual([]);
  });

  it('downloads a verifier that accepts the downloaded export, and refuses it with one letter changed', async () => {
    await page.goto('/desk/audit/proof');
    const { file: program } = await taken('Download the verifier');
    const { file: keys } = await taken('Download the keys');
    const whole = page.getByRole('region', { name: 'The whole audit' });
    const { file: exported } = await taken('To verify (JSON Lines)', whole);
    await page.getByText(createHash('sha256').update(await readFile(program)).digest('hex')).waitFor();
    expect(await run(program, exported, '--keys', keys)).toMatchObject({ code: 0, said: expect.stringMatching(/\nVerified\.\n$/) as string });
    const tampered = join(folder, 'tampered.jsonl');
    await writeFile(tampered, (await readFile(exported, 'utf8')).replace('"alert.created\\"'.slice(0, 14), '"alert.cReated'));
    expect(await run(program, tampered, '--keys', keys)).toMatchObject({ code: 1, said: expect.stringContaining('NOT verified.') as string });
    const { file: table } = await taken('Table (CSV)', whole);
    expect((await readFile(table, 'utf8')).split('\r\n')[0]).toBe('seq,at,type,actor,alert,id,body,hash');
  });

  it('makes a report on a period, and says what is missing for one', async () => {
    await page.goto('/desk/audit/proof');
    const form = page.getByRole('form', { name: 'Report on a period' });
    await form.getByRole('button', { name: 'Make the report' }).click();
    await form.getByText('A report has a beginning and an end.').waitFor();
    await form.getByRole('button', { name: /Mode/ }).click();
    await page.getByRole('option', { name: 'drill' }).click();
    await form.getByLabel('From').fill('2020-01-01T00:00');
    await form.getByLabel('To', { exact: true }).fill('2099-01-01T00:00');
    const coming = page.waitForEvent('download');
    await form.getByRole('button', { name: 'Make the report' }).click();
    const file = join(folder, 'period.pdf');
    await (await coming).saveAs(file);
    expect(new ReadPdf(await readFile(file)).text()).toContain('to acceptance');
  });

  it('is not shown to an officer who writes alerts', async () => {
    const other = await desks.officer('autor2', '/desk/audit');
    await other.getByRole('heading', { level: 1, name: 'This is not for your role' }).waitFor();
    expect(await other.getByRole('link', { name: 'Audit', exact: true }).count()).toBe(0);
  });
});
