import type { Content } from './content.js';
import type { NoticeKind } from './notice.js';
import type { LocalTime } from './calendar.js';

export type Sex = Content['child']['sex'];

/** Everything a language says of its own in the texts of a notice. Words only: what is said when is decided in texts.ts. */
export interface Words {
  /** Stands at the start and end of every text of a drill. */
  readonly drill: string;
  readonly drillSentence: string;
  /** Put before the instruction of a drill, so that nobody calls the police. */
  readonly drillInstruction: string;
  headline(kind: NoticeKind, subject: { readonly sex: Sex; readonly name: string; readonly age: string } | { readonly caseNumber: string }): string;
  /** Age in words, from whole months. */
  age(months: number): string;
  time(at: LocalTime): string;
  /** Labels end with a colon. */
  readonly labels: Readonly<Record<'height' | 'build' | 'hair' | 'eyes' | 'clothing' | 'marks' | 'position' | 'circumstances' | 'companion' | 'vehicle' | 'area' | 'caseNumber' | 'police', string>>;
  /** Label of when and where, for pages and for SMS. */
  seen(sex: Sex): string;
  seenBriefly(sex: Sex): string;
  vehicle(make: string, colour: string, plate: string): string;
  readonly replaces: string;
  /** That it is over; and what everyone who holds data does then. */
  ended(kind: 'found' | 'withdrawn', caseNumber: string): string;
  readonly erase: string;
  readonly thanks: string;
  /** Ends where the telephone number follows. */
  readonly call: string;
  instruction(kind: NoticeKind, telephone: string): string;
  list(items: readonly string[]): string;
  readonly country: string;
  drawn(districts: string): string;
}
