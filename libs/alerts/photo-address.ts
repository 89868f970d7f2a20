import type { Notice } from './notice.js';

/** Where the photo of a notice lies: below its public page, named by its hash, so that a new photo has a new address. */
export function photoAddress({ url, photo }: Pick<Notice, 'url' | 'photo'>): string | undefined {
  return photo && `${url.replace(/\/+$/, '')}/photo/${photo.sha256}.jpg`;
}
