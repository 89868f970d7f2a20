import type { Page } from 'playwright-core';
import { becomes, Desks, inBrowser } from './browser.js';

/** Forty words a minute, five keys a word, Tab and arrows no quicker; a second to read each question that the focus comes to. */
const SECONDS_A_KEY = 60 / (40 * 5);
const SECONDS_A_QUESTION = 1;

inBrowser('writing an alert by keyboard', () => {
  let desks: Desks;
  beforeAll(async () => { desks = await Desks.open(); });
  afterAll(() => desks.close());
  afterEach(() => { expect(desks.complaints()).toEqual([]); });

  it('takes less than three minutes of keys and reading, with appearance, clothing and circumstances in all languages', async () => {
    const page = await desks.officer('autor', '/desk/drill/drafts');
    await page.getByRole('button', { name: /^New alert/ }).click();
    await page.getByRole('heading', { level: 1, name: 'New alert' }).waitFor();
    const hands = new Hands(page);
    await hands.fill(/^Case number/, 'KU-77/2026');
    await hands.fill(/^Name, Latin/, 'Kanarinka Njegić');
    await hands.take(/^Take the suggestion/);
    await hands.fill(/^Date of birth/, '17.5.2021');
    await hands.take(/^female/, 'Space');
    await hands.fill(/^Height/, '112');
    await hands.choose(/^Hair/, 'smeđa, duga');
    await hands.choose(/^Eyes/, 'zelene');
    await hands.fill(/^Clothing, Latin/, 'crvena jakna, plave farmerke');
    await hands.take(/^Take the suggestion/);
    await hands.fill(/^Clothing, English/, 'red jacket, blue jeans');
    await hands.fill(/^Last seen at/, '0:01');
    await hands.fill(/^Find a settlement/, 'cacak');
    await page.getByRole('option', { name: /^Čačak/ }).waitFor();
    await hands.press('ArrowDown', 'Enter');
    await hands.fill(/^Circumstances, Latin/, 'Otišla iz dvorišta škole sa nepoznatim muškarcem.');
    await hands.take(/^Take the suggestion/);
    await hands.fill(/^Circumstances, English/, 'Left the school yard with an unknown man.');
    await hands.take(/^Child under 7/, 'Space');
    await hands.fill(/^Why publication helps/, 'Dete mlađe od sedam godina, svedoci mogu da pomognu.');
    await hands.fill(/^Judged by/, 'M. Probić 4471');
    await hands.take(/^All of Serbia/, 'ArrowDown');
    // The district of the place is chosen already, a neighbour is added, and the duration stands there.
    await page.getByRole('option', { name: 'Moravica District', selected: true }).waitFor();
    await hands.goTo(/District$/);
    await hands.press('ArrowRight', 'Enter');
    await page.getByRole('option', { name: 'Raška District', selected: true }).waitFor();
    await becomes(() => page.getByLabel('Valid for hours').inputValue(), '24');
    await page.getByText('Everything is there; it can be handed in.').waitFor();
    await hands.take(/^Hand in for review/);
    await page.getByText('Handed in for review.').waitFor();

    expect(hands.keys).toBeGreaterThan(300);
    expect(hands.questions).toBeGreaterThan(25);
    expect(hands.keys * SECONDS_A_KEY + hands.questions * SECONDS_A_QUESTION).toBeLessThan(180);
  });
});

/** Somebody at a keyboard, whose keys are counted, and the questions that the focus comes to. */
class Hands {
  keys = 0;
  questions = 0;
  private at = '';

  constructor(private readonly page: Page) {}

  async goTo(name: RegExp): Promise<void> {
    for (let presses = 0; presses < 120; presses += 1) {
      if (name.test(await this.look())) return;
      await this.press('Tab');
    }
    throw new Error(`Tab never comes to ${String(name)}`);
  }

  async fill(name: RegExp, text: string): Promise<void> {
    await this.goTo(name);
    await this.type(text);
  }

  async take(name: RegExp, key = 'Enter'): Promise<void> {
    await this.page.getByRole('button', { name }).or(this.page.getByRole('radio', { name })).first().waitFor();
    await this.goTo(name);
    await this.press(key);
  }

  /** A ready phrase, going down the list to it. */
  async choose(name: RegExp, text: string): Promise<void> {
    await this.goTo(new RegExp(`${name.source}: ready phrase`));
    await this.press('Enter');
    const wanted = this.page.getByRole('option', { name: text });
    await wanted.waitFor();
    while (!(await wanted.evaluate((option: { matches(selector: string): boolean }) => option.matches(':focus')))) await this.press('ArrowDown');
    await this.press('Enter');
    await wanted.waitFor({ state: 'detached' });
  }

  async type(text: string): Promise<void> {
    this.keys += text.length;
    await this.page.keyboard.type(text);
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.keys += 1;
      await this.page.keyboard.press(key);
    }
  }

  /** What the focus is on. A text in three languages, and a choice, is one question however many stops it has. */
  private async look(): Promise<string> {
    const { name, question } = await this.page.evaluate<{ name: string; question: string }>(`(() => {
      const on = document.activeElement;
      const named = (on.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.innerText ?? '').join(' ').trim();
      const name = (on.getAttribute('aria-label') || on.labels?.[0]?.innerText || named || on.innerText || '').replace(/\\s+/g, ' ');
      return { name, question: on.closest('[role=group], [role=radiogroup], [role=listbox], [role=toolbar]')?.id || on.closest('[role=group]')?.getAttribute('aria-label') || name };
    })()`);
    if (question !== this.at) this.questions += 1;
    this.at = question;
    return name;
  }
}
