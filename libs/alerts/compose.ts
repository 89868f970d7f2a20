import { randomBytes } from 'node:crypto';
import { fail } from '#kernel/errors.js';
import type { AlertId } from '#kernel/ids.js';
import type { Alert, Proposal } from './alert.js';
import { simplifyArea } from './area.js';
import type { Notice } from './notice.js';
import { composeEnding, composeTexts } from './texts.js';

export interface ComposerInput {
  /** Absolute address under which public pages lie, without a slash at its end. */
  readonly publicUrl: string;
  /** Random salt of a content hash, 32 hexadecimal digits; fresh each time. */
  readonly salt?: () => string;
}

/** Composes the notices of an alert: all words for all channels, to be frozen, seen and approved as they are. */
export class Composer {
  private readonly publicUrl: string;
  private readonly salt: () => string;

  constructor({ publicUrl, salt = () => randomBytes(16).toString('hex') }: ComposerInput) {
    this.publicUrl = publicUrl;
    this.salt = salt;
  }

  /** The notice that a proposal becomes when it is submitted. */
  proposal(alert: Alert, { revision, kind, content }: Proposal): Notice {
    const url = this.url(alert);
    return {
      ...this.common(alert, revision), kind,
      caseNumber: content.caseNumber,
      texts: composeTexts({ kind, content, mode: alert.mode, url }),
      area: simplifyArea(content.area).area,
      validHours: content.validHours,
      policeTelephone: content.policeTelephone,
      content,
      ...(content.photo && { photo: content.photo }),
    };
  }

  /** The pre-written notice that ends an alert, for everywhere the alert went. It repeats no personal data. */
  ending(alert: Alert, how: 'found' | 'withdraw' | 'expire'): Notice {
    const { published } = alert;
    if (!published) throw fail('TRANSITION_NOT_ALLOWED', '', `${how} on an alert that was never published.`);
    const { content: { caseNumber, policeTelephone }, toldArea: area } = published;
    const kind = how === 'found' ? 'found' : 'withdrawn';
    return {
      ...this.common(alert, alert.lastRevision + 1), kind, caseNumber,
      texts: composeEnding({ kind, caseNumber, area, policeTelephone, mode: alert.mode, url: this.url(alert) }),
      area: simplifyArea(area).area,
      validHours: 24,
      policeTelephone,
    };
  }

  private common(alert: Alert, revision: number): Pick<Notice, 'alertId' | 'revision' | 'mode' | 'identifier' | 'references' | 'salt' | 'url'> {
    return {
      alertId: alert.id, revision, mode: alert.mode,
      identifier: `findme-${alert.mode}-${alert.id}-${revision}`,
      references: alert.published?.messages ?? [],
      salt: this.salt(),
      url: this.url(alert),
    };
  }

  private url({ mode, id }: Alert): string {
    return `${this.publicUrl}/${mode === 'drill' ? 'vezba' : 'nestali'}/${pageOf(id)}`;
  }
}

/** The name of an alert's public page: short, since every SMS carries it; the database keeps it unique. */
export function pageOf(id: AlertId): string {
  return id.replaceAll('-', '').slice(0, 10);
}
