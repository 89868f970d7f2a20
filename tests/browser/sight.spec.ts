import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { Story } from '../support/story.js';
import { becomes, Desks, inBrowser, keepPicture } from './browser.js';
import { coveredFocus, tooWide, unfitForPaper } from './sight.js';

/** Sixty letters in two words: nothing may be cut because of them. */
const LONG = { latin: 'Aleksandrinakonstantinopoljka Radosavljevićtodorovićstojanovska', cyrillic: 'Александринаконстантинопољка Радосављевићтодоровићстојановска' };
const TELEPHONE = { width: 390, height: 844 };
/** A screen of 1280 by 1024 at 400 % (WCAG 2.2, 1.4.10). */
const ZOOMED = { width: 320, height: 256 };

inBrowser('the desks on paper, on a telephone, at great zoom and by keyboard', () => {
  let desks: Desks;
  let pages: Readonly<Record<string, Page>>;
  beforeAll(async () => {
    desks = await Desks.open();
    const [author, approver] = [await desks.stack.as('autor'), await desks.stack.as('odobrava')];
    const live = await (await (await Story.written(author)).submitted()).approved(approver);
    const waiting = await (await Story.written(author)).submitted();
    const begun = await author.post<{ id: string }>('/v1/drill/drafts', { content: { child: { ...sampleContent().child, name: LONG } } }, { 'idempotency-key': randomUUID() });
    const at = async (user: Parameters<Desks['officer']>[0], path: string, heading: string | RegExp): Promise<Page> => {
      const page = await desks.officer(user, path);
      await page.getByRole('heading', { name: heading }).first().waitFor();
      return page;
    };
    pages = {
      board: await at('dezurni', `/desk/drill/alerts/${live.alert.id}`, 'Partners by channel'),
      review: await at('odobrava', `/desk/drill/reviews/${waiting.alert.id}`, 'Exactly what will be sent'),
      draft: await at('autor2', `/desk/drill/drafts/${begun.id}`, /Aleksandrina/),
      administrator: await at('uprava', '/desk/administrator', 'Officers'),
      audit: await at('revizor', '/desk/audit', 'Facts'),
      partner: await at('tehnika-rts', '/desk/drill/partner/tv-1', 'Last messages'),
    };
  });
  afterAll(() => desks.close());
  afterEach(async () => {
    for (const page of Object.values(pages)) await page.setViewportSize({ width: 1366, height: 900 });
    expect(desks.complaints()).toEqual([]);
  });

  const each = async (judge: (page: Page, name: string) => Promise<void>): Promise<void> => {
    for (const [name, page] of Object.entries(pages)) await judge(page, name);
  };

  it('print without controls, menus or dark grounds, whatever the colours of the screen', async () => {
    await each(async (page, name) => {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      await becomes(async () => [name, await unfitForPaper(page)], [name, []]);
      await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
    });
  });

  it('open for the printer what is folded, but for documents nobody asked for, and fold it again', async () => {
    const { review } = pages;
    const folded = 'document.querySelectorAll("details:not([open]):not(.preview-document)").length';
    const before = await review!.evaluate<number>(folded);
    expect(before).toBeGreaterThan(0);
    await review!.evaluate(`window.addEventListener('beforeprint', () => { window.foldedOnPaper = ${folded}; }, { once: true })`);
    await review!.pdf();
    await becomes(() => review!.evaluate('window.foldedOnPaper'), 0);
    await becomes(() => review!.evaluate(folded), before);
  });

  it('cover nothing that has the focus, on a screen and on a telephone', async () => {
    for (const size of [{ width: 1366, height: 700 }, TELEPHONE]) {
      await each(async (page, name) => {
        await page.setViewportSize(size);
        await becomes(async () => [name, await coveredFocus(page)], [name, []]);
      });
    }
  });

  it('keep the header of a telephone to two rows, and are never wider than it, nor than a screen at 400 %', async () => {
    await each(async (page, name) => {
      await page.setViewportSize(TELEPHONE);
      await becomes(async () => [name, await page.evaluate('document.querySelector("header.top").offsetHeight < 100'), await tooWide(page)], [name, true, 0]);
      await keepPicture(page, `sight-${name}-telephone`);
      await page.setViewportSize(ZOOMED);
      await becomes(async () => [name, await tooWide(page)], [name, 0]);
    });
  });
});
