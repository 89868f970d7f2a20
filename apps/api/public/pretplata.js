'use strict';
/*
 * The subscription page: asks the browser for a subscription and this house to keep it. What was chosen and the token by
 * which to leave stay in this browser alone.
 */
(() => {
  const CACHE = 'findme-pretplata';
  const form = document.querySelector('form');
  const { mode, scope } = form.dataset;
  const status = document.querySelector('[role=status]');
  const leave = document.querySelector('button[name=leave]');
  const join = document.querySelector('button[name=join]');
  const entry = new URL('izbor', `${location.origin}${scope}/`).href;

  /** Says a sentence that the page brought with it in its language. */
  const say = (name) => { status.textContent = document.querySelector(`[data-says=${name}]`).textContent; };
  const busy = (now) => { for (const button of [join, leave]) button.disabled = now; };

  const chosen = async () => {
    const kept = await (await caches.open(CACHE)).match(entry);
    return kept ? kept.json() : undefined;
  };
  const keep = async (choice) => (await caches.open(CACHE)).put(entry, new Response(JSON.stringify(choice), { headers: { 'content-type': 'application/json' } }));
  const forget = async () => (await caches.open(CACHE)).delete(entry);

  /** The address of the worker, as browsers with Trusted Types want it. */
  const workerAddress = () => {
    const policy = window.trustedTypes && window.trustedTypes.createPolicy('findme', { createScriptURL: (url) => url });
    return policy ? policy.createScriptURL('/sw.js') : '/sw.js';
  };
  const address = workerAddress();
  const registration = () => navigator.serviceWorker.register(address, { scope });

  /** Resolves once the worker is at work: before that browsers refuse to subscribe. */
  const active = async () => {
    const registered = await registration();
    const worker = registered.installing || registered.waiting;
    if (!registered.active && worker) {
      await new Promise((resolve) => worker.addEventListener('statechange', () => { if (worker.state === 'activated') resolve(); }));
    }
    return registered;
  };

  const octetsOf = (base64url) => Uint8Array.from(atob(base64url.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));

  async function subscribe() {
    if ((await Notification.requestPermission()) !== 'granted') return say('denied');
    const told = await fetch(`/v1/subscriptions/web-push/key?mode=${mode}`);
    if (!told.ok) return say('failed');
    const { key } = await told.json();
    const { pushManager } = await active();
    const wanted = { userVisibleOnly: true, applicationServerKey: octetsOf(key) };
    // One made under another key is of no use to anybody.
    const subscription = await pushManager.subscribe(wanted).catch(async () => {
      const old = await pushManager.getSubscription();
      if (old) await old.unsubscribe();
      return pushManager.subscribe(wanted);
    });
    const { endpoint, keys } = subscription.toJSON();
    const data = new FormData(form);
    const language = data.get('language');
    const districts = data.get('where') === 'all' ? null : data.getAll('district');
    if (districts && districts.length === 0) return say('nowhere');
    const response = await fetch('/v1/subscriptions/web-push', {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode, language, districts, subscription: { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } } }),
    });
    if (!response.ok) return say(response.status === 429 ? 'later' : 'failed');
    const { token } = await response.json();
    await keep({ mode, language, districts, token });
    leave.hidden = false;
    return say('joined');
  }

  async function unsubscribe() {
    const choice = await chosen();
    const registered = await navigator.serviceWorker.getRegistration(`${scope}`);
    const subscription = registered && (await registered.pushManager.getSubscription());
    if (choice) {
      const response = await fetch('/v1/subscriptions/web-push', { method: 'DELETE', headers: { authorization: `Bearer ${choice.token}` } });
      if (!response.ok && response.status !== 404) return say('failed');
    }
    if (subscription) await subscription.unsubscribe();
    await forget();
    leave.hidden = true;
    return say('left');
  }

  /** Shows what was chosen before. */
  async function restore() {
    const choice = await chosen();
    if (!choice) return;
    leave.hidden = false;
    for (const option of form.elements.language) option.checked = option.value === choice.language;
    for (const option of form.elements.where) option.checked = option.value === (choice.districts ? 'some' : 'all');
    for (const box of form.querySelectorAll('input[name=district]')) box.checked = (choice.districts || []).includes(box.value);
    say('standing');
  }

  const doing = (work) => (event) => {
    event.preventDefault();
    busy(true);
    say('wait');
    work().catch(() => say('failed')).finally(() => busy(false));
  };

  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window && 'caches' in window)) {
    say('unable');
    return;
  }
  form.hidden = false;
  // To choose a district is to choose districts.
  for (const box of form.querySelectorAll('input[name=district]')) box.addEventListener('change', () => { form.elements.where.value = 'some'; });
  form.addEventListener('submit', doing(subscribe));
  leave.addEventListener('click', doing(unsubscribe));
  restore().catch(() => undefined);
})();
