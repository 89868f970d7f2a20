/** What is folded away is on paper too; but for documents that are fetched when somebody opens them. */
const FOLDED = 'details:not([open]):not(.preview-document)';
let opened: readonly HTMLDetailsElement[] = [];

window.addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll<HTMLDetailsElement>(FOLDED)];
  for (const one of opened) one.open = true;
});
window.addEventListener('afterprint', () => {
  for (const one of opened) one.open = false;
  opened = [];
});
