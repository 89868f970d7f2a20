import type { Clock } from '#kernel/clock.js';
import { fail, refuseAny, type Fault } from '#kernel/errors.js';
import type { AlertId, Ids, OfficerId } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import { createAlert, decide, type Action, type Alert } from './alert.js';
import type { AlertStore } from './alert-store.js';
import { checkContent, parseContent } from './checks.js';
import type { Composer } from './compose.js';
import type { Content, PhotoRef } from './content.js';
import type { Mode, Notice } from './notice.js';
import { cleanPhoto } from './photo.js';

export interface AlertActionsInput {
  readonly store: AlertStore;
  readonly composer: Composer;
  /** Every fault that any channel of the mode finds in a notice: too long, not encodable. */
  readonly channelFaults: (notice: Notice) => readonly Fault[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

/** Which alert, as the officer read it. */
export interface Target {
  readonly mode: Mode;
  readonly id: AlertId;
  /** The version that was read; another one now means `ALERT_STALE`. */
  readonly version: number;
}

/**
 * What officers do with alerts. Each action loads the alert, lets `decide` judge, and commits alert, fact and outbox row
 * together. Roles are checked at the door, and again by the database.
 */
export class AlertActions {
  constructor(private readonly input: AlertActionsInput) {}

  /**
   * Starts an alert as a draft. Refuses content that breaks a rule, all faults at once. Whoever repeats requests gives the
   * id, so that the same alert is never made twice.
   */
  async create(mode: Mode, input: unknown, by: OfficerId, id: AlertId = this.input.ids.next()): Promise<Alert> {
    const { store, clock } = this.input;
    const content = this.checked(input);
    if (content.photo) throw fail('CONTENT_INVALID', 'photo', 'A photo is added to an alert that exists.');
    const alert = createAlert(id, mode, content, by, clock.now());
    await store.create(alert);
    this.input.log.event('alert.decided', { alertId: alert.id, action: 'create', revision: 1 });
    return alert;
  }

  /** Replaces the content of the draft; the photo stays as it was. */
  async edit(target: Target, input: unknown, by: OfficerId): Promise<Alert> {
    const content = this.checked(input);
    return this.act(target, by, (alert) => ({ do: 'edit', content: withPhoto(content, alert.proposal?.content.photo) }));
  }

  /** Cleans a photo, keeps it with the case and shows it in the draft. Refuses what is no picture. */
  async attachPhoto(target: Target, bytes: Uint8Array, by: OfficerId): Promise<Alert> {
    const { store, clock } = this.input;
    const alert = await this.read(target);
    const { ref, bytes: cleaned } = await cleanPhoto(bytes);
    // Judged before it is stored, so that a photo for an alert that may not be edited leaves nothing behind.
    decide(alert, { do: 'edit', content: withPhoto(draftOf(alert), ref) }, by, clock.now());
    await store.addPhoto(alert.id, ref, cleaned, by, clock.now());
    return this.act(target, by, (current) => ({ do: 'edit', content: withPhoto(draftOf(current), ref) }));
  }

  /** Takes the photo out of the draft. */
  async removePhoto(target: Target, by: OfficerId): Promise<Alert> {
    return this.act(target, by, (alert) => ({ do: 'edit', content: withPhoto(draftOf(alert), undefined) }));
  }

  /** Freezes the draft for review: content checked again, words composed, lengths checked for every channel. */
  async submit(target: Target, by: OfficerId): Promise<Alert> {
    return this.act(target, by, (alert) => {
      const notice = this.compose(alert);
      refuseAny([...checkContent(alert.proposal!.content, this.input.clock.now()), ...this.input.channelFaults(notice)]);
      return { do: 'submit', notice };
    });
  }

  /** The notice a draft would become, for previews; the frozen one while in review. */
  notice(alert: Alert): Notice {
    return alert.proposal?.notice ?? this.compose(alert);
  }

  /** Approves exactly the content that has the hash. */
  approve(target: Target, contentHash: string, by: OfficerId, stepUp: 'totp' | 'passkey' = 'totp'): Promise<Alert> {
    return this.act(target, by, () => ({ do: 'approve', contentHash, stepUp }));
  }

  /** Gives a revision back to its writers, with a reason. */
  return(target: Target, reason: string, by: OfficerId): Promise<Alert> {
    return this.act(target, by, () => ({ do: 'return', reason }));
  }

  /** Refuses a revision for good, with a reason. */
  reject(target: Target, reason: string, by: OfficerId): Promise<Alert> {
    return this.act(target, by, () => ({ do: 'reject', reason }));
  }

  /** Opens an update of what is published. */
  revise(target: Target, by: OfficerId): Promise<Alert> {
    return this.act(target, by, () => ({ do: 'revise' }));
  }

  /** Ends an active alert at once; whoever is on duty may. The newest version counts, so that no edit can hold it up. */
  end(mode: Mode, id: AlertId, how: 'found' | 'withdraw', reason: string, by: OfficerId): Promise<Alert> {
    return decideOnNewest(this.input, mode, id, by, (alert) => ({ do: how, reason, notice: this.input.composer.ending(alert, how) }));
  }

  /** Destroys the data of an ended case. */
  erase(mode: Mode, id: AlertId, by: OfficerId): Promise<void> {
    return decideOnNewest(this.input, mode, id, by, () => ({ do: 'erase' })).then(() => undefined);
  }

  private checked(input: unknown): Content {
    const content = parseContent(input);
    refuseAny(checkContent(content, this.input.clock.now()));
    return content;
  }

  private compose(alert: Alert): Notice {
    if (!alert.proposal) throw fail('TRANSITION_NOT_ALLOWED', '', 'There is no revision in the making.');
    return this.input.composer.proposal(alert, alert.proposal);
  }

  private async read({ mode, id, version }: Target): Promise<Alert> {
    const alert = await this.input.store.load(mode, id);
    if (alert.version !== version) throw fail('ALERT_STALE', 'version', `Now ${alert.version}.`);
    return alert;
  }

  private async act(target: Target, by: OfficerId, action: (alert: Alert) => Action): Promise<Alert> {
    return decideAndCommit(this.input, await this.read(target), by, action);
  }
}

type Deciding = Pick<AlertActionsInput, 'store' | 'clock' | 'log'>;

/** Decides on the newest version of an alert, whatever happens beside it: for what must not be held up by an edit. */
export async function decideOnNewest(input: Deciding, mode: Mode, id: AlertId, by: OfficerId, action: (alert: Alert) => Action): Promise<Alert> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await decideAndCommit(input, await input.store.load(mode, id), by, action);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ALERT_STALE' || attempt === 20) throw error;
    }
  }
}

async function decideAndCommit({ store, clock, log }: Deciding, before: Alert, by: OfficerId, actionOn: (alert: Alert) => Action): Promise<Alert> {
  const at = clock.now();
  const action = actionOn(before);
  const after = decide(before, action, by, at);
  await store.commit({ before, after, action, by, at });
  log.event('alert.decided', { alertId: before.id, action: action.do, revision: before.proposal?.revision ?? after.lastRevision });
  return after;
}

function draftOf(alert: Alert): Content {
  if (!alert.proposal) throw fail('TRANSITION_NOT_ALLOWED', '', 'There is no revision in the making.');
  return alert.proposal.content;
}

function withPhoto(content: Content, photo: PhotoRef | undefined): Content {
  const { photo: _former, ...rest } = content;
  return photo ? { ...rest, photo } : rest;
}
