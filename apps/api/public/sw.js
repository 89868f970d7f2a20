'use strict';
/*
 * The service worker of the subscription page: shows what the push service brings. One alert is one notification: its tag
 * lets an update, "found" or "withdrawn" take the place of what is shown. No request goes to anybody but this house.
 */

/** Where the page and this worker keep what was chosen (pretplata.js). */
const CHOICE = { cache: 'findme-pretplata', entry: () => new URL('izbor', `${self.registration.scope.replace(/\/?$/, '/')}`).href };
const ENDINGS = ['found', 'withdrawn'];

/** What to say when a message cannot be read: something came, and the site tells what. */
const UNREADABLE = { title: 'Pronađi me', options: { body: 'Novo obaveštenje. Ново обавештење. A new notice.', tag: 'findme', data: { url: '/', revision: 0 } } };

/** Reads a payload of libs/channels/web-push/encode.ts; nothing when it is none. */
function readPayload(text) {
  try {
    const payload = JSON.parse(text);
    const words = ['id', 'tag', 'kind', 'lang', 'title', 'body', 'url'].every((field) => typeof payload[field] === 'string');
    return payload.v === 1 && words && Number.isInteger(payload.revision) ? payload : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The notification for a payload, given what is shown under its tag. A later one takes the place of an earlier one and calls
 * for attention; the same one again, or an earlier one that comes late, leaves what is shown, silently: browsers want
 * something to be shown for every message.
 */
function notificationFor(payload, shown) {
  const standing = shown.find(({ data }) => data && data.revision >= payload.revision);
  if (standing) return { title: standing.title, options: { ...optionsOf(standing), renotify: false, silent: true } };
  const over = ENDINGS.includes(payload.kind);
  const image = sameHouse(payload.image);
  return {
    title: payload.title,
    options: {
      body: payload.body, tag: payload.tag, lang: payload.lang, renotify: true, requireInteraction: !over,
      data: { url: sameHouse(payload.url) || '/', revision: payload.revision, id: payload.id },
      ...(image && !over && { image }),
    },
  };
}

function optionsOf({ body, tag, lang, image, requireInteraction, data }) {
  return { body, tag, lang, requireInteraction, data, ...(image && { image }) };
}

/** An address of this house as it is; nothing of any other. */
function sameHouse(address) {
  try {
    const url = new URL(address, self.location.origin);
    return url.origin === self.location.origin ? url.href : undefined;
  } catch {
    return undefined;
  }
}

async function show(text) {
  const payload = readPayload(text);
  const { title, options } = payload ? notificationFor(payload, await self.registration.getNotifications({ tag: payload.tag })) : UNREADABLE;
  await self.registration.showNotification(title, options);
}

async function openPage(address) {
  const url = sameHouse(address) || self.location.origin;
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const open = windows.find((client) => client.url === url);
  await (open ? open.focus() : self.clients.openWindow(url));
}

/** The browser changed the subscription: subscribe again with what was chosen, and keep the new token. */
async function subscribeAgain({ oldSubscription, newSubscription }) {
  const cache = await self.caches.open(CHOICE.cache);
  const kept = await cache.match(CHOICE.entry());
  if (!kept) return;
  const choice = await kept.json();
  const subscription = newSubscription || (oldSubscription && (await self.registration.pushManager.subscribe(oldSubscription.options)));
  if (!subscription) return;
  const { endpoint, keys } = subscription.toJSON();
  const { mode, language, districts } = choice;
  const response = await fetch('/v1/subscriptions/web-push', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ mode, language, districts, subscription: { endpoint, keys } }),
  });
  if (!response.ok) throw new Error(`not taken: ${response.status}`);
  const { token } = await response.json();
  await cache.put(CHOICE.entry(), new Response(JSON.stringify({ ...choice, token }), { headers: { 'content-type': 'application/json' } }));
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('push', (event) => event.waitUntil(show(event.data ? event.data.text() : '')));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(openPage(event.notification.data && event.notification.data.url));
});
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(subscribeAgain(event)));
