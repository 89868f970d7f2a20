import type { DestinationId } from '#kernel/ids.js';

/** A secret of a destination that was made at run time and overrides the file of the same name, for that destination alone. */
export interface SecretGeneration {
  readonly destination: DestinationId;
  readonly name: string;
  /** From 1; the file is the one before the first. */
  readonly generation: number;
  readonly value: string;
  readonly madeAt: Date;
  /** Until when the generation before it is valid as well. */
  readonly previousUntil: Date;
}

/** How a secret stands, without the secret. */
export interface SecretState {
  /** 0 while the file is the only one. */
  readonly generation: number;
  readonly madeAt: Date | null;
  /** Until when the one before is valid too; null when it is not. */
  readonly previousUntil: Date | null;
}

/**
 * The values of a secret that are valid at an instant, newest first: one, or two while it is being replaced. `generations` are
 * those of this secret; `file` reads the one that was there before them all.
 */
export function validValues(generations: readonly SecretGeneration[], now: Date, file: () => string): readonly string[] {
  const newest = newestOf(generations);
  if (!newest) return [file()];
  if (newest.previousUntil <= now) return [newest.value];
  const previous = newest.generation === 1 ? file() : generations.find((g) => g.generation === newest.generation - 1)?.value;
  return previous === undefined ? [newest.value] : [newest.value, previous];
}

/** How a secret stands at an instant. */
export function stateOf(generations: readonly SecretGeneration[], now: Date): SecretState {
  const newest = newestOf(generations);
  return {
    generation: newest?.generation ?? 0, madeAt: newest?.madeAt ?? null,
    previousUntil: newest && newest.previousUntil > now ? newest.previousUntil : null,
  };
}

function newestOf(generations: readonly SecretGeneration[]): SecretGeneration | undefined {
  return generations.reduce<SecretGeneration | undefined>((newest, g) => (newest && newest.generation > g.generation ? newest : g), undefined);
}
