import type { DataSource } from 'typeorm';
import type { AlertId } from '#kernel/ids.js';
import type { AlertStatus } from '#alerts/alert.js';
import type { Mode } from '#alerts/notice.js';
import { rows } from './database.js';

/** Where an alert that was ever public stands: which revision people may see now. */
export interface Standing {
  readonly alertId: AlertId;
  readonly status: Extract<AlertStatus, 'active' | 'found' | 'withdrawn' | 'expired' | 'erased'>;
  /** Number of the revision in force: the newest approved one, or the ending. */
  readonly shown: number;
  /** When an active alert ends by itself. */
  readonly expiresAt: Date;
}

/** For how long a feed tells of endings, so that whoever polls seldom hears of them too. */
const ENDINGS_FOR = '48 hours';

const STANDING = `
  a.id AS "alertId", a.status, a.expires_at AS "expiresAt",
  CASE WHEN a.status IN ('active', 'erased') THEN a.current_revision
       ELSE (SELECT max(e.number) FROM revisions e WHERE e.alert_id = a.id AND e.status = 'ending') END AS shown`;

/** What the public may see, in the words of the database. */
export class PublishedView {
  constructor(private readonly source: DataSource) {}

  /**
   * Changes whenever anything public does, but for what happens by the clock alone: that is not before `until`. One cheap
   * statement.
   */
  async version(now: Date): Promise<{ readonly version: string; readonly until: Date | undefined }> {
    const [row] = await rows<{ version: string; until: Date | null }>(this.source,
      `SELECT (SELECT coalesce(max(id), 0) FROM outbox) || '/' || (SELECT count(erased_at) FROM alerts) AS version,
              (SELECT min(t) FROM (SELECT expires_at AS t FROM alerts WHERE status = 'active'
                                   UNION ALL SELECT ended_at + interval '${ENDINGS_FOR}' FROM alerts WHERE status IN ('found', 'withdrawn', 'expired')) AS times
                WHERE t > $1) AS until`, [now]);
    return { version: row!.version, until: row!.until ?? undefined };
  }

  /** The messages of a feed, newest first. */
  listed(mode: Mode, now: Date): Promise<{ alertId: AlertId; revision: number }[]> {
    return rows(this.source,
      `SELECT s."alertId", s.shown AS revision FROM (SELECT ${STANDING}, a.ended_at FROM alerts a WHERE a.mode = $1 AND a.status IN ('active', 'found', 'withdrawn', 'expired')) AS s
         JOIN revisions r ON r.alert_id = s."alertId" AND r.number = s.shown
        WHERE CASE WHEN s.status = 'active' THEN s."expiresAt" > $2 ELSE s.ended_at > $2 - interval '${ENDINGS_FOR}' END
        ORDER BY r.sent_at DESC, s."alertId" LIMIT 500`, [mode, now]);
  }

  /** The messages in force, oldest first. */
  running(mode: Mode, now: Date): Promise<{ alertId: AlertId; revision: number }[]> {
    return rows(this.source,
      `SELECT a.id AS "alertId", a.current_revision AS revision FROM alerts a JOIN revisions r ON r.alert_id = a.id AND r.number = a.current_revision
        WHERE a.mode = $1 AND a.status = 'active' AND a.expires_at > $2 ORDER BY r.sent_at, a.id LIMIT 500`, [mode, now]);
  }

  /** When what runs in a mode last changed: by a message, or because an alert's time was over. */
  async changedAt(mode: Mode, now: Date): Promise<Date | undefined> {
    const [row] = await rows<{ changed: Date | null }>(this.source,
      `SELECT greatest(
         (SELECT max(r.sent_at) FROM revisions r JOIN alerts a ON a.id = r.alert_id WHERE a.mode = $1 AND r.status IN ('approved', 'ending')),
         (SELECT max(least(ended_at, expires_at)) FROM alerts WHERE mode = $1 AND least(ended_at, expires_at) <= $2)) AS changed`, [mode, now]);
    return row!.changed ?? undefined;
  }

  /** When the mode last said anything. */
  async newest(mode: Mode): Promise<Date | undefined> {
    const [row] = await rows<{ newest: Date | null }>(this.source,
      `SELECT max(r.sent_at) AS newest FROM revisions r JOIN alerts a ON a.id = r.alert_id WHERE a.mode = $1 AND r.status IN ('approved', 'ending')`, [mode]);
    return row!.newest ?? undefined;
  }

  /** The alert of a page, if it is or was public; undefined before its activation and in another mode. */
  async standing(mode: Mode, page: string): Promise<Standing | undefined> {
    const [row] = await rows<Standing>(this.source, `SELECT ${STANDING} FROM alerts a WHERE a.page = $1 AND a.mode = $2 AND a.current_revision IS NOT NULL`, [page, mode]);
    return row;
  }

  /** The message of an identifier, and where its alert stands. */
  async message(mode: Mode, identifier: string): Promise<(Standing & { readonly revision: number }) | undefined> {
    const [row] = await rows<Standing & { revision: number }>(this.source,
      `SELECT ${STANDING}, r.number AS revision FROM revisions r JOIN alerts a ON a.id = r.alert_id
        WHERE r.identifier = $1 AND a.mode = $2 AND r.status IN ('approved', 'ending')`, [identifier, mode]);
    return row;
  }
}
