import type { CDPSession, Page } from 'playwright-core';

/** An authenticator that the browser believes in, by the DevTools protocol (WebAuthn domain). */
export class VirtualAuthenticator {
  private constructor(private readonly session: CDPSession, private readonly authenticatorId: string) {}

  /** Puts one into a page: built into the device, with passkeys of its own, its user verified at every touch. */
  static async in(page: Page): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    return new VirtualAuthenticator(session, authenticatorId);
  }

  /** From now on its user is verified, or not: the wrong finger. */
  async userIsVerified(isUserVerified: boolean): Promise<void> {
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId: this.authenticatorId, isUserVerified });
  }

  /** How often it has signed. */
  async signatures(): Promise<number> {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId: this.authenticatorId });
    return credentials.reduce((sum, { signCount }) => sum + signCount, 0);
  }
}
