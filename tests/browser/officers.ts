import type { Page } from 'playwright-core';
import type { DrillOfficer, Stack } from '../support/stack.js';

/** Signs in at the page that is open, or at the start, with password and one-time code, as a person does. */
export async function signIn(page: Page, stack: Stack, user: DrillOfficer, path = '/desk'): Promise<void> {
  await page.goto(path);
  const { password, code } = await stack.credentials(user);
  await page.getByLabel(/Korisničko ime|Корисничко име|User name/).fill(user);
  await page.getByLabel(/Lozinka|Лозинка|Password/).fill(password);
  await page.getByLabel(/Jednokratni kod|Једнократни код|One-time code/).fill(code);
  await page.getByRole('button', { name: /^(Prijavi se|Пријави се|Sign in)$/ }).click();
  await page.getByRole('button', { name: /^(Odjava|Одјава|Sign out)$/ }).waitFor();
}
