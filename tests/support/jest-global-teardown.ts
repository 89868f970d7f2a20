import type {} from './jest-global-setup.js';

/** After the last spec: stop the throwaway servers and wait until they and their data are gone. */
export default async function teardown(): Promise<void> {
  await globalThis.findmeTestServers?.stop();
}
