import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from 'playwright-core';
import { stateFolder } from '#apps/findme/state.js';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
const program = PROGRAMS.find((path) => existsSync(path));

/** Why there is no browser here; undefined when there is one. */
export const missingBrowser = program === undefined ? 'Chromium is not installed' : undefined;
/** `describe` where there is a browser; elsewhere the tests are skipped and their names say why. */
export const inBrowser: (name: string, tests: () => void) => void = (name, tests) => {
  // A browser shares the machine with a database, a message queue, and whatever else is tested meanwhile.
  jest.setTimeout(120_000);
  (program === undefined ? describe.skip : describe)(program === undefined ? `${name} (skipped: ${missingBrowser!})` : name, tests);
};

/** A browser, and what went wrong in any of its pages. */
export class Desks {
  private readonly faults: string[] = [];
  private readonly contexts: BrowserContext[] = [];

  private constructor(private readonly browser: Browser, private readonly address: string) {}

  static async open(address: string): Promise<Desks> {
    const browser = await chromium.launch({
      executablePath: program!, chromiumSandbox: false,
      // Nothing here has a screen, a sound card or a way out of this machine.
      args: ['--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', '--autoplay-policy=no-user-gesture-required'],
    });
    return new Desks(browser, address);
  }

  /** A page of somebody with a browser of their own: no cookie, nothing kept. */
  async person(options: { readonly language?: 'sr-Latn' | 'sr-Cyrl' | 'en'; readonly scheme?: 'light' | 'dark'; readonly phone?: boolean; readonly script?: boolean } = {}): Promise<Page> {
    const { language = 'en', scheme = 'light', phone = false, script = true } = options;
    const context = await this.browser.newContext({
      baseURL: this.address, colorScheme: scheme, locale: 'sr-RS', timezoneId: 'Europe/Belgrade', reducedMotion: 'reduce', javaScriptEnabled: script,
      viewport: phone ? { width: 390, height: 844 } : { width: 1366, height: 900 },
    });
    this.contexts.push(context);
    context.setDefaultTimeout(30_000);
    await context.addInitScript(`localStorage.setItem('findme.language', '${language}')`);
    const page = await context.newPage();
    if (script) await this.watch(page);
    return page;
  }

  /** Everything that pages complained of: breaches of the content security policy and errors of scripts. Reading it clears it. */
  complaints(): string[] {
    return this.faults.splice(0);
  }

  async close(): Promise<void> {
    await Promise.all(this.contexts.map((context) => context.close()));
    await this.browser.close();
  }

  private async watch(page: Page): Promise<void> {
    await page.exposeFunction('findmeBreach', (breach: string) => void this.faults.push(breach));
    await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => {
      findmeBreach(['content security policy:', event.violatedDirective, event.blockedURI, event.sourceFile].join(' '));
    })`);
    page.on('pageerror', (error) => this.faults.push(`script: ${error.message}`));
  }
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

/** What axe finds against WCAG 2.2 AA in the page as it stands, one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
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
