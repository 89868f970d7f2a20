import data from './serbia.json' with { type: 'json' };

/** Longitude and latitude in degrees, WGS 84. */
export type RegisterPosition = [number, number];

/** The area register as shipped; README.md beside this file tells where it comes from. */
export interface AreaRegister {
  readonly source: string;
  /** Outline of the country, open ring. */
  readonly country: readonly RegisterPosition[];
  /** The outline grown by 5 km: how far a drawn area may reach. */
  readonly limits: readonly RegisterPosition[];
  readonly districts: readonly {
    /** ISO 3166-2:RS. */
    readonly code: string;
    readonly name: Readonly<Record<'sr-Latn' | 'sr-Cyrl' | 'en', string>>;
    /** Census of 2022, rounded to thousands. */
    readonly population: number;
    readonly polygon: readonly RegisterPosition[];
  }[];
}

// A JSON module types a pair as a list of numbers; area.spec.ts holds the file against this form.
export const SERBIA: AreaRegister = data as unknown as AreaRegister;
