import data from './places.json' with { type: 'json' };

/** A settlement: name in both scripts, longitude and latitude (WGS 84), district (ISO 3166-2:RS), inhabitants (0: not known). */
export type Place = readonly [latin: string, cyrillic: string, longitude: number, latitude: number, district: string, population: number];

/** The settlements of Serbia that the source knows, largest first; README.md beside this file tells where they come from. */
export const PLACES: readonly Place[] = data.places as unknown as Place[];
/** Whom the names and positions come from, as its licence asks to be said. */
export const PLACES_SOURCE = data.source;
