import type { ComponentType } from 'react';
import type { Mode } from '#alerts/notice.js';
import type { Action } from '#identity/officer.js';
import { say, type Wording } from './language.js';

const ADMINISTRATION = say('Administracija', 'Администрација', 'Administration');
const PARTNER = say('Partner', 'Партнер', 'Partner');
const ACCOUNT = say('Nalog', 'Налог', 'Account');

/** What a desk's page is given. */
export interface DeskProps {
  /** Drill or live, for desks that exist in both. */
  readonly mode: Mode;
  /** The named parts of its address. */
  readonly params: Readonly<Record<string, string>>;
}

/** A page of the console: where it is, who may enter, and how it is loaded when somebody does. */
export interface Desk {
  /** `mode`: below `/desk/drill` and `/desk/live`; `none`: below `/desk`. */
  readonly within: 'mode' | 'none';
  /** Pattern below that, as wouter reads it: `/alerts/:id`. */
  readonly path: string;
  /** Whom it is shown to: officers who may do this, anyone in a session, or anyone. The API decides every request again. */
  readonly action: Action | 'session' | 'anyone';
  /** Its name in the menu, if it stands there. */
  readonly menu?: Wording;
  readonly load: () => Promise<{ readonly default: ComponentType<DeskProps> }>;
}

/** Every page, in the order of the menu. A new desk is a folder and its lines here. */
export const DESKS: readonly Desk[] = [
  { within: 'mode', path: '/alerts', action: 'alert.read', menu: say('Obaveštenja', 'Обавештења', 'Alerts'), load: () => import('./board/list.js') },
  { within: 'mode', path: '/alerts/:id', action: 'delivery.read', load: () => import('./board/board.js') },
  { within: 'mode', path: '/drafts', action: 'alert.write', menu: say('Pisanje', 'Писање', 'Write'), load: () => import('./author/desk.js') },
  { within: 'mode', path: '/drafts/:id', action: 'alert.write', load: () => import('./author/draft.js') },
  { within: 'mode', path: '/reviews', action: 'alert.approve', menu: say('Na odobrenju', 'На одобрењу', 'To approve'), load: () => import('./approver/queue.js') },
  { within: 'mode', path: '/reviews/:id', action: 'alert.approve', load: () => import('./approver/review.js') },
  { within: 'none', path: '/administrator', action: 'change.read', menu: ADMINISTRATION, load: () => import('./administrator/administrator.js') },
  { within: 'none', path: '/partner', action: 'partner.own', menu: PARTNER, load: () => import('./partner/partner.js') },
  { within: 'mode', path: '/partner/:destination', action: 'partner.own', load: () => import('./partner/destination.js') },
  { within: 'none', path: '/account', action: 'session', menu: ACCOUNT, load: () => import('./account/account.js') },
  { within: 'none', path: '/enrol', action: 'anyone', load: () => import('./enrolment/enrolment.js') },
  { within: 'none', path: '/audit', action: 'audit.read', menu: say('Revizija', 'Ревизија', 'Audit'), load: () => import('./auditor/facts.js') },
  { within: 'none', path: '/audit/alerts', action: 'audit.read', load: () => import('./auditor/alerts.js') },
  { within: 'none', path: '/audit/alerts/:id', action: 'audit.read', load: () => import('./auditor/alert.js') },
  { within: 'none', path: '/audit/airing', action: 'audit.read', load: () => import('./auditor/airing.js') },
  { within: 'none', path: '/audit/times', action: 'audit.read', load: () => import('./auditor/times.js') },
  { within: 'none', path: '/audit/proof', action: 'audit.read', load: () => import('./auditor/proof.js') },
];

/** Name of the menu for screen readers. */
export const MENU = say('Glavni meni', 'Главни мени', 'Main menu');
