import type { Page } from 'playwright-core';
import type { DrillOfficer, Stack } from '../support/stack.js';

/** Signs in at the page that is open, or at the start, with password and one-time code, as a person does. */
export async function signIn(page: Page, stack: Stack, user: DrillOfficer, path = '/desk'): Promise<void> {
  await page.goto(path);
  const signedIn = page.getByRole('button', { name: /^(Odjava|Одјава|Sign out)$/ });
  await page.getByLabel(/Korisničko ime|Корисничко име|User name/).fill(user);
  for (let tries = 1; ; tries += 1) {
    const { password, code } = await stack.credentials(user);
    await page.getByLabel(/Lozinka|Лозинка|Password/).fill(password);
    await page.getByLabel(/Jednokratni kod|Једнократни код|One-time code/).fill(code);
    await page.getByRole('button', { name: /^(Prijavi se|Пријави се|Sign in)$/ }).click();
    const refused = page.getByRole('alert').getByText(/ne pripadaju|не припадају|do not belong|već iskorišćen|већ искоришћен|has been used/);
    await signedIn.or(refused).first().waitFor();
    if (await signedIn.isVisible()) return;
    if (tries === 3) throw new Error(`${user} is not let in`);
    // On a busy machine a code can grow too old between being made and being judged, and another client of the same officer may have
    // used it: one more, as a person would.
    await page.getByLabel(/Korisničko ime|Корисничко име|User name/).fill(user);
  }
}
