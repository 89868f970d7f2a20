import type { Page } from 'playwright-core';
import { startStack, type Stack } from '../support/stack.js';
import { axeEverywhere, Desks, inBrowser } from './browser.js';
import { signIn } from './officers.js';

inBrowser('the author\'s desk in a browser', () => {
  let stack: Stack;
  let desks: Desks;
  beforeAll(async () => {
    stack = await startStack();
    desks = await Desks.open(stack.address);
  });
  afterAll(async () => {
    await desks.close();
    await stack.stop();
  });
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  const author = async (user: 'autor' | 'autor2' = 'autor', path = '/desk/drill/drafts'): Promise<Page> => {
    const page = await desks.person();
    await signIn(page, stack, user, path);
    await page.getByRole('heading', { level: 1, name: 'Writing' }).waitFor();
    return page;
  };
  /** A new draft, opened with the keyboard. */
  const begun = async (page: Page): Promise<void> => {
    await tabTo(page, 'button', /^New alert/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'New alert' }).waitFor();
  };
  const saved = (page: Page) => page.getByText(/^Saved \d\d:\d\d$/).waitFor();
  const draftIdOf = (page: Page): string => /drafts\/([0-9a-f-]{36})/.exec(page.url())![1]!;

  it('writes a whole alert with the keyboard alone, from the list to handing in', async () => {
    const page = await author();
    await begun(page);
    const field = async (name: RegExp | string, text: string): Promise<void> => {
      await tabTo(page, 'textbox', name);
      await page.keyboard.type(text);
    };
    await field(/^Case number/, 'KU-77/2026');
    await field(/^Name, Latin/, 'Kanarinka Njegić');
    // The other script is offered with what is doubtful in it, and stays empty until it is taken.
    await page.getByText('Check: Nj').waitFor();
    expect(await page.getByLabel('Name, Cyrillic').inputValue()).toBe('');
    await tabTo(page, 'button', /^Take the suggestion: Канаринка Његић/);
    await page.keyboard.press('Enter');
    expect(await page.getByLabel('Name, Cyrillic').inputValue()).toBe('Канаринка Његић');
    expect(await page.evaluate('document.activeElement.id')).toBe('author-child-name-cyrillic');
    await field(/^Date of birth/, '17.5.2021');
    await page.getByText(/years old at the time/).waitFor();
    await tabTo(page, 'radio', /^female/);
    await page.keyboard.press('Space');
    await field(/^Last seen at/, '0:01');
    await page.getByText(/ ago$/).waitFor();
    await tabTo(page, 'combobox', /^Find a settlement/);
    await page.keyboard.type('cacak');
    await page.getByRole('option', { name: /^Čačak/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.getByLabel('Place, Cyrillic').inputValue()).toBe('Чачак');
    // The map moves the place by keys.
    const before = await page.getByLabel(/^Coordinates/).inputValue();
    await tabTo(page, 'application', /^Map: place/);
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    expect(await page.getByLabel(/^Coordinates/).inputValue()).not.toBe(before);
    await tabTo(page, 'radio', /^Child under 7/);
    await page.keyboard.press('Space');
    await field(/^Why publication helps/, 'Probni podaci, dete mlađe od sedam godina.');
    await field(/^Judged by/, 'probni službenik 7');
    await tabTo(page, 'radio', /^All of Serbia/);
    await page.keyboard.press('ArrowDown');
    await tabTo(page, 'checkbox', /^Moravica District/);
    await page.keyboard.press('Space');
    // Too early: the summary takes the focus and leads to the field.
    await tabTo(page, 'button', /^Hand in for review/);
    await page.keyboard.press('Enter');
    const summary = page.getByRole('alert').filter({ hasText: '1 thing still stands in the way' });
    await summary.waitFor();
    await tabTo(page, 'link', /^Valid for hours/);
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('author-validHours');
    await page.keyboard.type('24');
    await page.getByText('Everything is there; it can be handed in.').waitFor();
    await saved(page);
    expect(await axeEverywhere(page, 'author-draft')).toEqual([]);
    const id = draftIdOf(page);
    await tabTo(page, 'button', /^Hand in for review/);
    await page.keyboard.press('Enter');
    await page.getByText('Handed in for review.').waitFor();
    expect(await axeEverywhere(page, 'author-list')).toEqual([]);
    const client = await stack.as('autor2');
    expect(await client.get(`/v1/drill/alerts/${id}`)).toMatchObject({ proposal: { status: 'in_review', content: { child: { name: { cyrillic: 'Канаринка Његић' } }, area: { codes: ['RS-17'] } } } });
  });
});

/** Presses Tab until the focus is on what is meant, as somebody without a mouse does. */
async function tabTo(page: Page, role: Parameters<Page['getByRole']>[0], name: RegExp | string): Promise<void> {
  const wanted = page.getByRole(role, { name }).first();
  await wanted.waitFor();
  for (let presses = 0; presses < 250; presses += 1) {
    if (await wanted.evaluate((element: { matches(selector: string): boolean }) => element.matches(':focus'))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never comes to ${role} ${String(name)}`);
}
