/** So long without a touch, in milliseconds, and what a desk asks by itself no longer counts as somebody being there. */
const ALONE_MS = 5 * 60_000;
const TOUCHES = ['pointerdown', 'keydown', 'wheel', 'touchmove'] as const;

const hearers = new Set<() => void>();
let touchedAt = Date.now();
let runsOut = false;

/**
 * Whether a desk that nobody touches runs out. False for whoever can end an alert: a board on the wall and a queue that waits
 * must not go dark in the middle of one.
 */
export function letRunOut(is: boolean): void {
  runsOut = is;
}

/** Whether what is asked now is asked by the desk alone, so that it must not keep the session open. */
export function isAlone(): boolean {
  return runsOut && Date.now() - touchedAt >= ALONE_MS;
}

/** Calls back at each touch of the page: a key, a press, scrolling. Returns what ends it. */
export function onTouch(hear: () => void): () => void {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

const touched = (): void => {
  touchedAt = Date.now();
  for (const hear of hearers) hear();
};
for (const touch of TOUCHES) window.addEventListener(touch, touched, { capture: true, passive: true });
