import { useMutation } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ask, Refused } from '../api.js';
import { useConnection } from '../connection.js';
import type { Wording } from '../language.js';
import { texts } from './texts.js';

/** A decision that is sent now or not at all. */
export interface Decision {
  readonly decide: () => void;
  readonly isPending: boolean;
  /** Why it is not made, in words; undefined while there is nothing to say. */
  readonly trouble: Wording | undefined;
}

/**
 * Sends a decision once: the same decision (path and body) keeps its key, so that pressing again after no answer has one effect.
 * Without a connection it is refused here and never kept for later.
 */
export function useDecision(path: string, body: object, { onDone, refusals = {} }: { readonly onDone: () => void; readonly refusals?: Readonly<Record<string, Wording>> }): Decision {
  const { state } = useConnection();
  const [refusedHere, setRefusedHere] = useState(false);
  const written = JSON.stringify(body);
  const once = useMemo(() => crypto.randomUUID(), [path, written]);
  const { mutate, isPending, error, reset } = useMutation({ mutationFn: () => ask('POST', path, { body: JSON.parse(written) as object, once }), onSuccess: onDone });
  const decide = (): void => {
    if (isPending) return;
    setRefusedHere(state === 'unreachable');
    if (state === 'unreachable') reset();
    else mutate();
  };
  const trouble = refusedHere && state === 'unreachable' ? texts.offline
    : error instanceof Refused ? refusals[error.code] ?? texts.refused(error.problem.detail)
    : error ? texts.unanswered
    : undefined;
  return { decide, isPending, trouble };
}
