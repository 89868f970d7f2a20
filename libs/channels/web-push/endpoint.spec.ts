import { webPushSettings } from './config.js';
import { FakeSubscriber } from './fake-subscriber.js';
import { isAllowedEndpoint, isAllowedUrl, pushSubscription, readContact, writeContact } from './subscription.js';

const { services } = webPushSettings.parse({ vapid: { key: 'k', subject: 'mailto:a@b.example' } });

describe('the address of a subscription', () => {
  it.each([
    'https://fcm.googleapis.com/fcm/send/dU3:APA91b_-x', 'https://updates.push.services.mozilla.com/wpush/v2/gAAAAA', 'https://web.push.apple.com/QGk_x', 'https://wns2-par02p.notify.windows.com/w/?token=BQ%3d%3d',
  ])('is one of the browsers\' push services: %s', (endpoint) => {
    expect(isAllowedEndpoint(endpoint, services, false)).toBe(true);
  });

  it.each([
    'http://fcm.googleapis.com/x', 'ftp://fcm.googleapis.com/x', 'file:///etc/passwd', 'javascript:alert(1)', '', 'fcm.googleapis.com/x', '//fcm.googleapis.com/x',
    'https://fcm.googleapis.com:8443/x', 'https://fcm.googleapis.com:22/', 'https://user@fcm.googleapis.com/x', 'https://user:pass@fcm.googleapis.com/', 'https://fcm.googleapis.com/#x',
    'https://fcm.googleapis.com.evil.example/', 'https://evilfcm.googleapis.com.example/', 'https://evil-fcm.googleapis.com/', 'https://googleapis.com/', 'https://evil.example/fcm.googleapis.com',
    'https://evil.example\\@fcm.googleapis.com/', 'https://fcm.googleapis.com\\.evil.example/', 'https://fcm.googleapis.com@evil.example/', 'https://fcm.googleapis.com%2eevil.example/',
    'https://127.0.0.1/', 'https://127.1/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'https://169.254.169.254/latest/meta-data/', 'https://localhost/',
    'https://FCM.googleapis.com/x', ' https://fcm.googleapis.com/x', 'https://fcm.googleapis.com/x\r\nHost: evil.example', 'https://fcm.googleapis.com/\u0161', 'https://fcm.googleapis.com./x',
    'https://fcm。googleapis。com/', `https://fcm.googleapis.com/${'x'.repeat(1_500)}`, 'https://fcm.googleapis.com', 'https:///fcm.googleapis.com/x', 'https:fcm.googleapis.com/x',
  ])('is refused otherwise: %j', (endpoint) => {
    expect(isAllowedEndpoint(endpoint, services, false)).toBe(false);
  });

  it('may have a number and a port where the service is simulated, and is still on the list', () => {
    const simulated = [{ hosts: '127.0.0.1' }];
    expect(isAllowedEndpoint('https://127.0.0.1:4161/wpush/1', simulated, true)).toBe(true);
    expect(isAllowedEndpoint('https://127.0.0.1:4161/wpush/1', simulated, false)).toBe(false);
    expect(isAllowedEndpoint('https://127.0.0.2:4161/', simulated, true)).toBe(false);
    expect(isAllowedEndpoint('http://127.0.0.1:4161/', simulated, true)).toBe(false);
  });
});

describe('an address that was taken before', () => {
  it.each(['http://fcm.googleapis.com/x', 'https://user@fcm.googleapis.com/x', 'https://user:pass@fcm.googleapis.com/x', 'https://fcm.googleapis.com/x#y', 'https://fcm.googleapis.com:8443/x', 'https://evil.example/x'])(
    'is judged again, by itself: %s', (address) => {
      expect(isAllowedUrl(new URL('https://fcm.googleapis.com/x'), services, false)).toBe(true);
      expect(isAllowedUrl(new URL(address), services, false)).toBe(false);
    });

  it('is no number, even of a service that a list names by one', () => {
    for (const hosts of ['192.0.2.1', '[2001:db8::1]']) {
      expect([isAllowedUrl(new URL(`https://${hosts}/x`), [{ hosts }], false), isAllowedUrl(new URL(`https://${hosts}/x`), [{ hosts }], true)]).toEqual([false, true]);
    }
  });
});

describe('a subscription', () => {
  const good = new FakeSubscriber('seed', 'ana').subscription('https://push.example');

  it('is kept in one line and read again', () => {
    const { endpoint, publicKey, authSecret } = readContact(writeContact(good))!;
    expect([endpoint.href, publicKey.toString('base64url'), authSecret.toString('base64url')]).toEqual([good.endpoint, good.keys.p256dh, good.keys.auth]);
    for (const rubbish of ['', '{}', '[]', '["x","y","z"]', 'null']) expect(readContact(rubbish)).toBeUndefined();
  });

  it.each([
    { keys: { ...good.keys, p256dh: Buffer.alloc(65, 4).toString('base64url') } }, { keys: { ...good.keys, p256dh: good.keys.p256dh.slice(2) } }, { keys: { ...good.keys, auth: 'AAAA' } },
    { keys: { ...good.keys, auth: '"'.repeat(22) } }, { keys: { p256dh: good.keys.p256dh } }, { endpoint: 7 }, { more: true },
  ])('is refused when a browser would not give it: %#', (more) => {
    expect(pushSubscription.safeParse(good).success).toBe(true);
    expect(pushSubscription.safeParse({ ...good, ...more }).success).toBe(false);
  });
});
