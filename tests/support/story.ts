import { randomUUID } from 'node:crypto';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import type { DeliveryView } from '#apps/findme/drill/views.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { until } from './until.js';

/** What the tests read of an alert. */
export interface AlertSeen {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly proposal?: { readonly contentHash?: string; readonly revision: number } | null;
  readonly published?: { readonly contentHash: string; readonly revision: number } | null;
}

/** The steps of an alert as officers take them, through the public API. */
export class Story {
  alert!: AlertSeen;

  private constructor(readonly author: ApiClient, readonly mode: 'drill' | 'live') {}

  /** An author writes an alert. */
  static async written(author: ApiClient, mode: 'drill' | 'live' = 'drill', changes: object = {}): Promise<Story> {
    const story = new Story(author, mode);
    story.alert = await author.post<AlertSeen>(`/v1/${mode}/alerts`, { ...writtenContent(), ...changes }, { 'idempotency-key': randomUUID() });
    return story;
  }

  get path(): string {
    return `/v1/${this.mode}/alerts/${this.alert.id}`;
  }

  get current(): Record<string, string> {
    return { 'if-match': `"${this.alert.version}"`, 'idempotency-key': randomUUID() };
  }

  async submitted(): Promise<this> {
    this.alert = await this.author.post<AlertSeen>(`${this.path}/submit`, {}, this.current);
    return this;
  }

  async approved(by: ApiClient): Promise<this> {
    const contentHash = this.alert.proposal?.contentHash;
    this.alert = await by.post<AlertSeen>(`${this.path}/approve`, { contentHash, code: await by.code() }, this.current);
    return this;
  }

  /** An update of the circumstances, submitted. */
  async updated(): Promise<this> {
    this.alert = await this.author.post<AlertSeen>(`${this.path}/revise`, {}, this.current);
    const circumstances = { 'sr-Latn': 'Viđena je na autobuskoj stanici.', 'sr-Cyrl': 'Виђена је на аутобуској станици.', en: 'She was seen at the bus station.' };
    this.alert = await this.author.put<AlertSeen>(`${this.path}/content`, { ...writtenContent(), circumstances }, this.current);
    return this.submitted();
  }

  async ended(how: 'found' | 'withdraw', by: ApiClient = this.author): Promise<this> {
    this.alert = await by.post<AlertSeen>(`${this.path}/${how}`, { reason: 'Vežba je završena.' }, { 'idempotency-key': randomUUID() });
    return this;
  }

  deliveries(): Promise<DeliveryView[]> {
    return this.author.all<DeliveryView>(`${this.path}/deliveries`);
  }

  /** Resolves with the deliveries once they satisfy the condition; rejects with where they stand when they do not in time. */
  deliveriesUntil(condition: (deliveries: DeliveryView[]) => boolean): Promise<DeliveryView[]> {
    return until(() => this.deliveries(), condition, (all) => all.map((d) => `${d.kind} ${d.destination} ${d.state} ${d.reason ?? ''}`).join('\n'));
  }
}

/** The sample as an author writes it: without a photo, and seen on a day that is past whenever the tests run. */
function writtenContent(): object {
  const { photo: _none, lastSeen, ...content } = sampleContent();
  return { ...content, lastSeen: { ...lastSeen, at: '2026-03-14T13:45:00+01:00' } };
}
