export const BROWSERS = ['chrome', 'edge', 'firefox', 'safari'] as const;
export const SYSTEMS = ['windows', 'macos', 'linux', 'android', 'ios'] as const;

/** What a session was opened with, in two words of closed lists: enough to recognise one's own, too little to recognise anybody. */
export interface Device {
  readonly browser: (typeof BROWSERS)[number];
  readonly system: (typeof SYSTEMS)[number];
}

/** Browsers made of Chromium or WebKit that would pass for one of ours. */
const OTHERS = /OPR\/|Opera|SamsungBrowser\/|YaBrowser\/|Vivaldi\/|UCBrowser\/|DuckDuckGo\/|OPiOS\//;
/** In the order in which they tell: Edge says that it is Chrome, and Chrome that it is Safari. */
const BROWSER_SIGNS: readonly (readonly [Device['browser'], RegExp])[] = [
  ['edge', /Edg(?:A|iOS)?\//], ['firefox', /Firefox\/|FxiOS\//], ['chrome', /Chrome\/|CriOS\//], ['safari', /Safari\//],
];
/** Android says that it is Linux, and a telephone of Apple that it is like a Mac. */
const SYSTEM_SIGNS: readonly (readonly [Device['system'], RegExp])[] = [
  ['windows', /Windows NT/], ['android', /Android/], ['ios', /iPhone|iPad|iPod/], ['macos', /Macintosh/], ['linux', /Linux/],
];
/** Octets of a header that are looked at: those of browsers are far shorter, and anybody may send anything. */
const LONGEST = 512;

/**
 * Browser and system by a User-Agent header (RFC 9110, section 10.1.5), or null where either is of no known family. A hint for
 * who recognises their own sessions, and no proof: whoever signs in writes the header. An iPad with Safari says that it is a Mac.
 */
export function deviceOf(userAgent: string | undefined): Device | null {
  const text = (userAgent ?? '').slice(0, LONGEST);
  if (OTHERS.test(text)) return null;
  const browser = BROWSER_SIGNS.find(([, sign]) => sign.test(text))?.[0];
  const system = SYSTEM_SIGNS.find(([, sign]) => sign.test(text))?.[0];
  return browser && system ? { browser, system } : null;
}
