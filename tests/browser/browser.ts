import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from 'playwright-core';
import { stateFolder } from '#apps/findme/state.js';
import { startStack, type DrillOfficer, type Stack, type StackOptions } from '../support/stack.js';
import { until } from '../support/until.js';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
const program = PROGRAMS.find((path) => existsSync(path));

/** Why there is no browser here; undefined when there is one. */
export const missingBrowser = program === undefined ? 'Chromium is not installed' : undefined;
/** `describe` where there is a browser; elsewhere the tests are skipped and their names say why. */
export const inBrowser: (name: string, tests: () => void) => void = (name, tests) => {
  (program === undefined ? describe.skip : describe)(program === undefined ? `${name} (skipped: ${missingBrowser!})` : name, tests);
};

/** A system, a browser to use it with, and what went wrong in any of its pages. */
export class Desks {
  private readonly faults: string[] = [];
  private readonly contexts: BrowserContext[] = [];

  private constructor(readonly stack: Stack, private readonly browser: Browser) {}

  static async open(options: StackOptions = {}): Promise<Desks> {
    const stack = await startStack(options);
    const browser = await chromium.launch({
      executablePath: program!, chromiumSandbox: false,
      // Nothing here has a screen, a sound card or a way out of this machine.
      args: ['--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', '--autoplay-policy=no-user-gesture-required'],
    });
    return new Desks(stack, browser);
  }

  /** A page of somebody with a browser of their own: no cookie, nothing kept. */
  async person(options: { readonly language?: 'sr-Latn' | 'sr-Cyrl' | 'en'; readonly scheme?: 'light' | 'dark'; readonly phone?: boolean; readonly script?: boolean } = {}): Promise<Page> {
    const { language = 'en', scheme = 'light', phone = false, script = true } = options;
    const context = await this.browser.newContext({
      baseURL: this.stack.publicAddress, colorScheme: scheme, locale: 'sr-RS', timezoneId: 'Europe/Belgrade', reducedMotion: 'reduce', javaScriptEnabled: script,
      viewport: phone ? { width: 390, height: 844 } : { width: 1366, height: 900 },
    });
    this.contexts.push(context);
    context.setDefaultTimeout(30_000);
    await context.addInitScript(`localStorage.setItem('findme.language', '${language}')`);
    const page = await context.newPage();
    if (script) await this.watch(page);
    return page;
  }

  /** A page of an officer who signed in with a browser of their own. */
  async officer(user: DrillOfficer, path = '/desk'): Promise<Page> {
    const page = await this.person();
    await this.signIn(page, user, path);
    return page;
  }

  /** Signs in at the page that is asked for, with password and one-time code, as a person does. */
  async signIn(page: Page, user: DrillOfficer, path = '/desk'): Promise<void> {
    await page.goto(path);
    const signedIn = page.getByRole('button', { name: /^(Odjava|Одјава|Sign out)$/ });
    await page.getByLabel(/Korisničko ime|Корисничко име|User name/).fill(user);
    for (let tries = 1; ; tries += 1) {
      const { password, code } = await this.stack.credentials(user);
      await page.getByLabel(/Lozinka|Лозинка|Password/).fill(password);
      await page.getByLabel(/Jednokratni kod|Једнократни код|One-time code/).fill(code);
      await page.getByRole('button', { name: /^(Prijavi se|Пријави се|Sign in)$/ }).click();
      const refused = page.getByRole('alert').getByText(/već iskorišćen|већ искоришћен|has been used/);
      await signedIn.or(refused).first().waitFor();
      if (await signedIn.isVisible()) return;
      if (tries === 3) throw new Error(`${user} is not let in`);
      // Another client of the same officer may have used the code: one more, as a person would.
      await page.getByLabel(/Korisničko ime|Корисничко име|User name/).fill(user);
    }
  }

  /** Everything that pages complained of: breaches of the content security policy and errors of scripts. Reading it clears it. */
  complaints(): string[] {
    return this.faults.splice(0);
  }

  async close(): Promise<void> {
    await Promise.all(this.contexts.map((context) => context.close()));
    await this.browser.close();
    await this.stack.stop();
  }

  private async watch(page: Page): Promise<void> {
    await page.exposeFunction('findmeBreach', (breach: string) => void this.faults.push(breach));
    await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => {
      findmeBreach(['content security policy:', event.violatedDirective, event.blockedURI, event.sourceFile].join(' '));
    })`);
    page.on('pageerror', (error) => this.faults.push(`script: ${error.message}`));
  }
}

/** Waits until a reading is as expected: what happened is shown soon, never at once. Says by how much it was not. */
export async function becomes<T>(read: () => Promise<T>, expected: unknown): Promise<void> {
  await until(read, (value) => {
    try {
      expect(value).toEqual(expected);
      return true;
    } catch {
      return false;
    }
  }).catch(async () => { expect(await read()).toEqual(expected); });
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly help: string; readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[] }[];
}

/** One for each page, kept open: a session that is closed takes the page's virtual authenticator with it. */
const axeSessions = new WeakMap<Page, Promise<CDPSession>>();

function axeSession(page: Page): Promise<CDPSession> {
  const session = axeSessions.get(page) ?? page.context().newCDPSession(page);
  axeSessions.set(page, session);
  return session;
}

/** What axe still finds against WCAG 2.2 AA when the page has come to rest, one line each. */
export function axeFindings(page: Page): Promise<string[]> {
  const restsBy = performance.now() + 3_000;
  return until(() => axeNow(page), ({ length }) => length === 0 || performance.now() > restsBy);
}

async function axeNow(page: Page): Promise<string[]> {
  // Without the component library's announcer: for seconds it names by id what was announced and may be gone.
  // By the DevTools protocol: the page's own policy lets no script in.
  const session = await axeSession(page);
  await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run({ exclude: [['[data-live-announcer]']] }, { runOnly: { type: 'tag', values: ${JSON.stringify(RULES)} } }).then((r) => JSON.stringify({ violations: r.violations }))`, awaitPromise: true,
  });
  const { violations } = JSON.parse(String(result.value)) as AxeResults;
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${help} at ${JSON.stringify(target)}: ${failureSummary ?? ''}`));
}

/**
 * Judges the page in both colour schemes and, by its own language menu, in all three languages; keeps a picture of each.
 * Leaves it in English and light. Returns what axe found, each line with where.
 */
export async function axeEverywhere(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const language of ['sr-Latn', 'sr-Cyrl', 'en'] as const) {
    await speak(page, language);
    for (const scheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      found.push(...(await axeFindings(page)).map((line) => `${name} ${language} ${scheme}: ${line}`));
      await keepPicture(page, `${name}-${language}-${scheme}`);
    }
  }
  return found;
}

/** As `axeEverywhere` for an open dialog, which covers the language menu: in the language that is set, in both schemes. */
export async function axeInDialog(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const scheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    found.push(...(await axeFindings(page)));
    await keepPicture(page, `${name}-${scheme}`);
  }
  return found;
}

const OWN_NAMES = { 'sr-Latn': 'Srpski', 'sr-Cyrl': 'Српски', en: 'English' } as const;

/** Changes the language by the menu, as a person does. */
export async function speak(page: Page, language: keyof typeof OWN_NAMES): Promise<void> {
  await page.getByRole('button', { name: /Jezik|Језик|Language/ }).click();
  await page.getByRole('option', { name: OWN_NAMES[language] }).click();
  await page.locator(`html[lang="${language}"]`).waitFor();
}

/** Keeps a picture of the page as test output, below the state folder. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(await stateFolder(process.env['FINDME_STATE']), 'screenshots');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
