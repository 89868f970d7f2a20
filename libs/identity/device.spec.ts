import { deviceOf } from './device.js';

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const ANDROID = 'Mozilla/5.0 (Linux; Android 10; K)';
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)';
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

describe('the device of a session', () => {
  it.each([
    [`${WINDOWS} ${CHROME}`, 'chrome', 'windows'],
    [`${WINDOWS} ${CHROME} Edg/142.0.0.0`, 'edge', 'windows'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', 'firefox', 'windows'],
    [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15`, 'safari', 'macos'],
    [`${MAC} ${CHROME}`, 'chrome', 'macos'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox', 'linux'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36', 'chrome', 'linux'],
    [`${ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36`, 'chrome', 'android'],
    [`${ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0.0.0`, 'edge', 'android'],
    ['Mozilla/5.0 (Android 14; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0', 'firefox', 'android'],
    [`${PHONE} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1`, 'safari', 'ios'],
    [`${PHONE} AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1`, 'chrome', 'ios'],
    [`${PHONE} AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/145.0 Mobile/15E148 Safari/605.1.15`, 'firefox', 'ios'],
    [`${PHONE} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 EdgiOS/142.0.0.0 Mobile/15E148 Safari/604.1`, 'edge', 'ios'],
  ])('of %s is %s on %s', (header, browser, system) => {
    expect(deviceOf(header)).toEqual({ browser, system });
  });

  it.each([
    undefined, '', 'curl/8.14.1', 'node', `${WINDOWS} ${CHROME} OPR/124.0.0.0`,
    `${ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME}`, `${' '.repeat(512)}${WINDOWS} ${CHROME}`,
  ])('of %p is none that we know', (header) => {
    expect(deviceOf(header)).toBeNull();
  });
});
