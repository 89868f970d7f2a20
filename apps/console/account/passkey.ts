import { startAuthentication, startRegistration, WebAuthnError, type AuthenticationResponseJSON, type RegistrationResponseJSON } from '@simplewebauthn/browser';
import { ask } from '../api.js';

type RequestOptions = Parameters<typeof startAuthentication>[0]['optionsJSON'];
type CreationOptions = Parameters<typeof startRegistration>[0]['optionsJSON'];

/** The person, or the browser, broke off: nothing was sent, and it may be tried again. */
export class PasskeyAbandoned extends Error {
  override readonly name = 'PasskeyAbandoned';
}

/** Whether this browser knows passkeys at all. */
export const passkeysHere = (): boolean => typeof window.PublicKeyCredential === 'function';

/** Asks the API at `path` for a challenge and the browser for a proof of it. Throws `PasskeyAbandoned`, and what `ask` throws. */
export async function provePasskey(path: string, body?: unknown): Promise<AuthenticationResponseJSON> {
  const { body: optionsJSON } = await ask<RequestOptions>('POST', path, { body: body ?? {} });
  return unlessAbandoned(startAuthentication({ optionsJSON }));
}

/** Has the browser make a passkey of what the API offered. Throws `PasskeyAbandoned`. */
export function makePasskey(optionsJSON: CreationOptions): Promise<RegistrationResponseJSON> {
  return unlessAbandoned(startRegistration({ optionsJSON }));
}

async function unlessAbandoned<T>(ceremony: Promise<T>): Promise<T> {
  try {
    return await ceremony;
  } catch (error) {
    if (error instanceof WebAuthnError || error instanceof DOMException) throw new PasskeyAbandoned('no passkey was given', { cause: error });
    throw error;
  }
}
