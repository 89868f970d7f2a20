import { createPrivateKey } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { OnModuleDestroy } from '@nestjs/common';
import type { House } from '#apps/composition.js';
import { Listening } from '#apps/listening.js';
import { renderAtom, strongEtag, type AtomEntry } from '#cap/atom.js';
import { signCap, type Signer } from '#cap/sign.js';
import { writeCap } from '#cap/write.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { AlertId } from '#kernel/ids.js';
import { capTime } from '#alerts/alert.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode, SentNotice } from '#alerts/notice.js';
import { drawCard, layCard } from '#alerts/pictures/card.js';
import type { Destination, Snapshot } from '#dispatch/channel.js';
import { PublishedView, type Standing } from '#storage/published-view.js';
import { gonePage, noticePage, type SharedFormat } from './notice-page.js';

/** Something public as it is sent: rendered once, compressed once, with its strong validator. */
export interface PublicDocument {
  readonly status: 200 | 410;
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
  /** Since when it is so, where that is known. */
  readonly modified?: Date;
  /** The same compressed, where that helps; another representation, so another validator (RFC 9110 section 8.8.3.3). */
  readonly gzip?: { readonly bytes: Buffer; readonly etag: string };
}

/** How long what is kept counts as fresh before the database is asked whether anything changed, where it has not said so by itself. */
const FRESH_MS = 1_000;
/** How long what is kept is still shown when the database does not answer: nothing can be ended meanwhile either. */
const STALE_MS = 60_000;
/** Kept data of children goes from memory when nobody asked for so long. */
const IDLE_MS = 60_000;
const KEPT_AT_MOST = 1_000;

/** The house's public documents: feeds, CAP files, photos, pages. Each is made once for every change of what is public. */
export class Published implements OnModuleDestroy {
  private readonly view: PublishedView;
  private readonly signers = new Map<Mode, Signer>();
  private shelf = new Map<string, Promise<PublicDocument>>();
  private version = '';
  /** When the kept things change by themselves: an alert's time is over, or an ending leaves the feed. */
  private until: Date | undefined;
  private checkedAt = 0;
  /** How often the database said that something changed, and how much of that what is kept knows of. */
  private told = 0;
  private known = 0;
  private listening: Listening | undefined;
  private checking: Promise<void> | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly house: House) {
    this.view = new PublishedView(house.source);
  }

  /** Hears from the database what changes, until the application ends: caches may keep a page for a second, so nothing here may add to it. */
  async watch(): Promise<void> {
    const { environment: { DATABASE_URL: databaseUrl }, log } = this.house;
    const changed = (): void => {
      this.told += 1;
    };
    this.listening = new Listening({ databaseUrl, name: 'findme-published', log, on: { outbox: changed }, onConnected: changed });
    await this.listening.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.listening?.stop();
  }

  /**
   * The Atom feed of a mode, in a language where one is named: alerts that are active, and endings of the last 48 hours. Throws
   * ROUTE_MISSING where the mode has none.
   */
  feed(mode: Mode, language?: Language): Promise<PublicDocument> {
    return this.kept(`feed ${mode} ${language ?? ''}`, async () => {
      this.signerOf(mode);
      const [listed, newest] = await Promise.all([this.view.listed(mode, this.house.clock.now()), this.view.newest(mode)]);
      const notices = await Promise.all(listed.map((l) => this.notice(l.alertId, l.revision)));
      const entries = notices.flatMap((notice) => (notice ? [this.entry(notice, language ?? 'sr-Latn')] : []));
      const address = `${this.origin}/feeds/${mode}/${language === undefined ? '' : `${language}/`}cap.atom`;
      const text = renderAtom({
        id: address, self: address, author: 'Pronađi me', title: titleOf(mode, language),
        updated: newest?.toISOString() ?? '1970-01-01T00:00:00Z', entries,
      });
      return documentOf('application/atom+xml; charset=utf-8', text);
    });
  }

  /** The signed CAP file of a message the public has now. Throws REVISION_MISSING, ALERT_ERASED, NOTICE_GONE. */
  cap(mode: Mode, identifier: string): Promise<PublicDocument> {
    return this.kept(`cap ${mode} ${identifier}`, async () => {
      const signer = this.signerOf(mode);
      const message = await this.view.message(mode, identifier);
      if (!message) throw fail('REVISION_MISSING');
      if (message.status === 'erased') throw fail('ALERT_ERASED');
      const notice = this.isShown(message, message.revision) ? await this.notice(message.alertId, message.revision) : undefined;
      if (!notice) throw fail('NOTICE_GONE');
      const photo = notice.photo && (await this.house.alerts.photo(notice.alertId, notice.photo.sha256));
      const xml = writeCap(notice, { sender: this.house.configuration.sender, ...(notice.photo && { photoUri: photoAddress(notice) }), ...(photo && { photo }) });
      return documentOf('application/cap+xml; charset=utf-8', signCap(xml, signer));
    });
  }

  /** The photo an active alert shows. Throws ALERT_MISSING, ALERT_ERASED, NOTICE_GONE. */
  photo(mode: Mode, page: string, sha256: string): Promise<PublicDocument> {
    return this.kept(`photo ${mode} ${page} ${sha256}`, async () => {
      const standing = await this.standing(mode, page);
      if (standing.status === 'erased') throw fail('ALERT_ERASED');
      const notice = this.isShown(standing, standing.shown) ? await this.notice(standing.alertId, standing.shown) : undefined;
      const bytes = notice?.photo?.sha256 === sha256 ? await this.house.alerts.photo(standing.alertId, sha256) : undefined;
      if (!notice?.photo || !bytes) throw fail('NOTICE_GONE');
      return { status: 200, type: notice.photo.mediaType, bytes: Buffer.from(bytes), etag: strongEtag(bytes) };
    });
  }

  /** The picture of an active alert for people to share, with the photo. Throws ALERT_MISSING, ALERT_ERASED, NOTICE_GONE. */
  picture(mode: Mode, page: string, language: Language, format: SharedFormat): Promise<PublicDocument> {
    return this.kept(`picture ${mode} ${page} ${language} ${format}`, async () => {
      const standing = await this.standing(mode, page);
      if (standing.status === 'erased') throw fail('ALERT_ERASED');
      const notice = standing.status === 'active' && this.isShown(standing, standing.shown) ? await this.notice(standing.alertId, standing.shown) : undefined;
      if (!notice) throw fail('NOTICE_GONE');
      const photo = notice.photo && (await this.house.alerts.photo(notice.alertId, notice.photo.sha256));
      const bytes = await drawCard(layCard(notice, format, language, photo !== undefined), 'image/png', photo);
      return { status: 200, type: 'image/png', bytes, etag: strongEtag(bytes) };
    });
  }

  /** The page of an alert for people: its words, or that it has ended, or that its data is erased. Throws ALERT_MISSING. */
  page(mode: Mode, page: string): Promise<PublicDocument> {
    return this.kept(`page ${mode} ${page}`, async () => {
      const standing = await this.standing(mode, page);
      const notice = this.isShown(standing, standing.shown) ? await this.notice(standing.alertId, standing.shown) : undefined;
      const type = 'text/html; charset=utf-8';
      return notice ? documentOf(type, noticePage(notice, notice.photo && photoAddress(notice))) : { ...documentOf(type, gonePage(mode)), status: 410 };
    });
  }

  /**
   * What a partner pulls: the alerts that run in its mode, as its channel writes them. Its time is that of the last change, or a
   * later one where readers distrust an old document.
   */
  snapshot({ id, mode }: Destination, { name, mediaType, renewMs, render }: Snapshot, settings: unknown): Promise<PublicDocument> {
    const now = this.house.clock.now();
    const renewed = renewMs === undefined ? 0 : Math.floor(now.getTime() / renewMs) * renewMs;
    return this.kept(`snapshot ${id} ${name} ${renewed}`, async () => {
      const [running, changed] = await Promise.all([this.view.running(mode, now), this.view.changedAt(mode, now)]);
      const notices = (await Promise.all(running.map((r) => this.notice(r.alertId, r.revision)))).filter((notice) => notice !== undefined);
      const modified = new Date(Math.max(changed?.getTime() ?? 0, renewed));
      const bytes = render(notices, settings, mode, capTime(modified));
      return { status: 200, type: mediaType, bytes, etag: strongEtag(bytes), modified };
    });
  }

  private get origin(): string {
    return this.house.environment.FINDME_PUBLIC_URL.replace(/\/+$/, '');
  }

  private entry(notice: SentNotice, language: Language): AtomEntry {
    const { headline, short } = notice.texts[language];
    return {
      id: `urn:uuid:${notice.alertId}`, title: headline, summary: short, language, updated: notice.sent, page: notice.url,
      cap: `${this.origin}/feeds/${notice.mode}/cap/${notice.identifier}.xml`,
    };
  }

  private signerOf(mode: Mode): Signer {
    const { configuration, secret } = this.house;
    const names = configuration.signing[mode];
    if (!names) throw fail('ROUTE_MISSING');
    const signer = this.signers.get(mode) ?? { key: createPrivateKey(secret(names.key)), certificate: secret(names.certificate) };
    this.signers.set(mode, signer);
    return signer;
  }

  private async standing(mode: Mode, page: string): Promise<Standing> {
    const standing = await this.view.standing(mode, page);
    // Before its activation there is nothing to see of an alert, not even that it is there.
    if (!standing) throw fail('ALERT_MISSING');
    return standing;
  }

  private isShown({ shown, expiresAt, status }: Standing, revision: number): boolean {
    return shown === revision && status !== 'erased' && (status !== 'active' || expiresAt > this.house.clock.now());
  }

  /** Erased between two looks counts as gone. */
  private async notice(id: AlertId, revision: number): Promise<SentNotice | undefined> {
    try {
      return await this.house.alerts.sentNotice(id, revision);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'ALERT_ERASED') return undefined;
      throw error;
    }
  }

  private async kept(name: string, make: () => Promise<PublicDocument>): Promise<PublicDocument> {
    const shelf = await this.freshShelf();
    const known = shelf.get(name);
    if (known) return known;
    if (shelf.size >= KEPT_AT_MOST) shelf.clear();
    const made = make();
    shelf.set(name, made);
    // What was refused is asked again: anybody can make up addresses, and they must not fill the shelf.
    made.catch(() => shelf.delete(name));
    return made;
  }

  private async freshShelf(): Promise<Map<string, Promise<PublicDocument>>> {
    const now = this.house.clock.now();
    const lapsed = this.until !== undefined && now >= this.until;
    // Both ways: a clock that was set back makes nothing fresh for ever.
    const age = Math.abs(now.getTime() - this.checkedAt);
    if (lapsed || age >= FRESH_MS || this.known !== this.told) {
      this.checking ??= this.check().finally(() => {
        this.checking = undefined;
      });
      try {
        await this.checking;
      } catch (error) {
        if (lapsed || this.shelf.size === 0 || age >= STALE_MS) throw error;
      }
    }
    return this.shelf;
  }

  private async check(): Promise<void> {
    const { told } = this;
    const now = this.house.clock.now();
    const { version, until } = await this.view.version(now);
    if (version !== this.version || (this.until !== undefined && now >= this.until)) this.shelf = new Map();
    this.version = version;
    this.until = until;
    this.checkedAt = now.getTime();
    this.known = told;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      this.shelf = new Map();
    }, IDLE_MS).unref();
  }
}

/** Below the page, named by its hash, so that another photo has another address: as channels that name it do. */
function photoAddress({ url, photo }: SentNotice): string {
  return `${url}/photo/${photo!.sha256}.jpg`;
}

const NAMES: Readonly<Record<Language, { name: string; drill: string }>> = {
  'sr-Latn': { name: 'Pronađi me', drill: 'VEŽBA' }, 'sr-Cyrl': { name: 'Пронађи ме', drill: 'ВЕЖБА' }, en: { name: 'Find Me', drill: 'DRILL' },
};

/** The title of a feed: in its language, or in all of them. */
function titleOf(mode: Mode, language?: Language): string {
  const names = (language === undefined ? LANGUAGES : [language]).map((l) => NAMES[l]);
  const title = names.map(({ name }) => name).join(' · ');
  return mode === 'drill' ? `${names.map(({ drill }) => drill).join(' · ')}: ${title}` : title;
}

function documentOf(type: string, text: string): PublicDocument {
  const bytes = Buffer.from(text);
  const gzip = gzipSync(bytes, { level: 9 });
  return { status: 200, type, bytes, etag: strongEtag(bytes), gzip: { bytes: gzip, etag: strongEtag(gzip) } };
}
