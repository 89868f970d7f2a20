/** A moment on the calendar and clock of Belgrade. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const BELGRADE = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Belgrade', calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23',
  year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
});

/** What calendar and clock in Belgrade show at an instant. */
export function inBelgrade(instant: Date): LocalTime {
  const parts = new Map(BELGRADE.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? NaN;
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
}

/**
 * Whole months a person born on `birthDate` (ISO 8601, `2020-05-17`) had lived at an instant, by the calendar of
 * Belgrade; negative before birth. Born on the 31st (or 29 February), a month is full on the 1st of the next when the
 * month has no such day.
 */
export function monthsAt(birthDate: string, instant: Date): number {
  const [year = NaN, month = NaN, day = NaN] = birthDate.split('-').map(Number);
  const local = inBelgrade(instant);
  return (local.year - year) * 12 + (local.month - month) - (local.day < day ? 1 : 0);
}

/** Age in whole years at an instant, by the calendar of Belgrade: 18 begins with the birthday itself. */
export function ageAt(birthDate: string, instant: Date): number {
  return Math.floor(monthsAt(birthDate, instant) / 12);
}
