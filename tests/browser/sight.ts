import type { Page } from 'playwright-core';

/**
 * What can have the focus and is then covered whole by something else, such as a banner that stays in sight (WCAG 2.2, 2.4.11), one
 * line each. Goes through the page downwards and upwards, because what comes into view from above stops under what stands there.
 */
export function coveredFocus(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const all = [...document.querySelectorAll('a[href], button, input, textarea, summary, [tabindex="0"]')].filter((one) => one.checkVisibility() && !one.closest('[aria-hidden="true"], [inert]'));
    const steps = [0.05, 0.5, 0.95];
    const isCovered = (one) => {
      one.focus();
      if (document.activeElement !== one) return false;
      const shown = one.closest('label') ?? one;
      const box = shown.getBoundingClientRect();
      const [left, top, right, bottom] = [Math.max(box.left, 0), Math.max(box.top, 0), Math.min(box.right, innerWidth), Math.min(box.bottom, innerHeight)];
      return !steps.some((x) => steps.some((y) => {
        const there = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
        return there !== null && (shown.contains(there) || (there.contains(shown) && there !== document.documentElement));
      }));
    };
    const covered = new Set([...all, ...all.toReversed()].filter(isCovered));
    return [...covered].map((one) => one.tagName.toLowerCase() + ' ' + (one.getAttribute('aria-label') ?? one.textContent).trim().slice(0, 60));
  })()`);
}

/** What a printed page should not have: things to act on, menus, and grounds too dark for ink, one line each. Takes the page as media `print` shows it. */
export function unfitForPaper(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
    const named = (why) => (one) => why + ': ' + one.tagName.toLowerCase() + '.' + one.className + ' ' + one.textContent.trim().slice(0, 60);
    const isDark = (one) => {
      const [red, green, blue, alpha = 1] = getComputedStyle(one).backgroundColor.match(/[\\d.]+/g).map(Number);
      return alpha > 0.5 && 0.299 * red + 0.587 * green + 0.114 * blue < 128;
    };
    return [
      // A row that opens is a button whose name is what is read, and a list shows what was chosen.
      ...shown('nav, [role="tab"]:not([aria-selected="true"]), button:not(.select-button, .board-partners *)').map(named('control')),
      ...shown('*').filter(isDark).map(named('dark')),
    ];
  })()`);
}

/** By how many pixels a page is wider than its window. */
export function tooWide(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
