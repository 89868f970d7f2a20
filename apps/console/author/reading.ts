/*
 * Reading what officers type: dates as they are written here, times in Belgrade wherever the computer believes it is,
 * coordinates as they are read out over the radio. Undefined means: cannot be read (yet).
 */

/** Where in Europe/Belgrade's day an instant is. */
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Belgrade', hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });

interface Local { readonly year: number; readonly month: number; readonly day: number; readonly hour: number; readonly minute: number }

function localAt(instant: number): Local {
  const part = Object.fromEntries(CLOCK.formatToParts(instant).map(({ type, value }) => [type, Number(value)])) as Record<string, number>;
  return { year: part['year']!, month: part['month']!, day: part['day']!, hour: part['hour']!, minute: part['minute']! };
}

const asUtc = ({ year, month, day, hour, minute }: Local): number => Date.UTC(year, month - 1, day, hour, minute);
const two = (n: number): string => String(n).padStart(2, '0');
const isDay = (year: number, month: number, day: number): boolean => {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
};

/** A date as `17. 5. 2020.`, `17.05.2020`, `17052020` or `2020-05-17`; as `2020-05-17`. */
export function readDate(text: string): string | undefined {
  const [, d, m, y] = /^\s*(\d{1,2})[.\s/-]+(\d{1,2})[.\s/-]+(\d{4})\.?\s*$/.exec(text) ?? /^\s*(\d{2})(\d{2})(\d{4})\s*$/.exec(text) ?? [];
  const [, iy, im, id] = /^\s*(\d{4})-(\d{2})-(\d{2})\s*$/.exec(text) ?? [];
  const [year, month, day] = [y ?? iy, m ?? im, d ?? id].map(Number) as [number, number, number];
  return year >= 1900 && isDay(year, month, day) ? `${year}-${two(month)}-${two(day)}` : undefined;
}

/** `2020-05-17` as `17.05.2020.` */
export function writeDate(date: string): string {
  const [year, month, day] = date.split('-');
  return `${day}.${month}.${year}.`;
}

/**
 * A moment in Belgrade as `24.11.2026. 13:45`; without the year the last such day, without a date the last such time. As an
 * ISO 8601 date-time with the offset that Belgrade has then.
 */
export function readMoment(text: string, now: number): string | undefined {
  const [, date = '', h, min] = /^\s*(.*?)[\s,]*\b(\d{1,2})[:.]?(\d{2})\s*(?:h|č)?\s*$/u.exec(text) ?? [];
  const [hour, minute] = [Number(h), Number(min)];
  if (h === undefined || hour > 23 || minute > 59) return undefined;
  const today = localAt(now);
  const at = (year: number, month: number, day: number): number | undefined => instantOf({ year, month, day, hour, minute });
  if (date === '') {
    const instant = at(today.year, today.month, today.day);
    return isoInBelgrade(instant !== undefined && instant > now ? instantOf({ ...localAt(instant - 86_400_000), hour, minute }) : instant);
  }
  const [, d, m] = /^(\d{1,2})[.\s/-]+(\d{1,2})\.?$/.exec(date) ?? [];
  if (d !== undefined) {
    const [day, month] = [Number(d), Number(m)];
    const year = isDay(today.year, month, day) && (at(today.year, month, day) ?? 0) <= now ? today.year : today.year - 1;
    return isDay(year, month, day) ? isoInBelgrade(at(year, month, day)) : undefined;
  }
  const [year, month, day] = (readDate(date)?.split('-') ?? []).map(Number);
  return year === undefined ? undefined : isoInBelgrade(at(year, month!, day!));
}

/** An ISO 8601 date-time as `24.11.2026. 13:45`, in Belgrade. */
export function writeMoment(iso: string): string {
  const instant = Date.parse(iso);
  if (Number.isNaN(instant)) return iso;
  const { year, month, day, hour, minute } = localAt(instant);
  return `${two(day)}.${two(month)}.${year}. ${two(hour)}:${two(minute)}`;
}

/** The instant at which clocks in Belgrade show this: of two, the first; undefined where they were put forward past it. */
function instantOf(local: Local): number | undefined {
  const shown = asUtc(local);
  const first = shown - (asUtc(localAt(shown)) - shown);
  const earlier = first - 3_600_000;
  return [earlier, first].find((instant) => asUtc(localAt(instant)) === shown);
}

function isoInBelgrade(instant: number | undefined): string | undefined {
  if (instant === undefined) return undefined;
  const local = localAt(instant);
  const offset = (asUtc(local) - instant) / 60_000;
  const sign = offset < 0 ? '-' : '+';
  return `${local.year}-${two(local.month)}-${two(local.day)}T${two(local.hour)}:${two(local.minute)}:00${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

export type Position = [longitude: number, latitude: number];

/** Coordinates, latitude first as people say them: `45.2396, 19.8369`, `45,2396 19,8369`, `45.2396 N 19.8369 E`. */
export function readPosition(text: string): Position | undefined {
  const [, lat, lon] = /^\s*(-?\d{1,2}(?:[.,]\d+)?)°?\s*[NS]?[\s,;]+(-?\d{1,3}(?:[.,]\d+)?)°?\s*[EW]?\s*$/iu.exec(text) ?? [];
  const [latitude, longitude] = [lat, lon].map((part) => Number(part?.replace(',', '.'))) as [number, number];
  return lat !== undefined && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? [longitude, latitude] : undefined;
}

/** `45.2396, 19.8369` */
export const writePosition = ([longitude, latitude]: readonly [number, number]): string => `${Number(latitude.toFixed(5))}, ${Number(longitude.toFixed(5))}`;

/** Corners one a line, polygons apart by an empty line. */
export function readPolygons(text: string): Position[][] | undefined {
  const polygons = text.trim().split(/\n\s*\n/).map((part) => part.split('\n').filter((line) => line.trim() !== '').map(readPosition));
  const whole = polygons.every((corners) => corners.length > 0 && corners.every((corner) => corner !== undefined));
  return whole ? (polygons as Position[][]) : undefined;
}

export const writePolygons = (polygons: readonly (readonly (readonly [number, number])[])[]): string => polygons.map((corners) => corners.map(writePosition).join('\n')).join('\n\n');

/** A whole number. */
export const readWhole = (text: string): number | undefined => (/^\s*\d{1,4}\s*$/.test(text) ? Number(text) : undefined);
