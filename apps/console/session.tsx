import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { z } from 'zod';
import type { sessionSchema } from '#apps/api/session.controller.js';
import type { Action } from '#identity/officer.js';
import { ask, read, Refused } from './api.js';
import { letRunOut } from './presence.js';

export type Session = z.output<typeof sessionSchema> & {
  /** How far the system's clock was ahead of this machine's when the session was told, in milliseconds. */
  readonly skewMs?: number;
};

/** Why a session is no more, as the API says it: `idle`, `expired`, `ended_elsewhere`, … */
type EndCause = string;

interface Signed {
  /** Who is signed in; `null` when nobody is, `undefined` while that is not known. */
  readonly session: Session | null | undefined;
  /** True when a session was open in this page and is no more: the page stays as it is until somebody signs in again. */
  readonly ended: boolean;
  /** Why it ended, where that is known. */
  readonly endCause: EndCause | undefined;
  /** Takes up a session that the API just gave. */
  readonly signedIn: (session: Session) => void;
  /** Takes up what the API just said of the same session. */
  readonly renewed: (session: Session) => void;
  readonly signOut: () => Promise<void>;
  /** Any answer that says SESSION_MISSING ends up here. */
  readonly sessionLost: (cause?: EndCause) => void;
}

const SessionContext = createContext<Signed | undefined>(undefined);
const KEY = ['session'];

/** Holds who is signed in. The cookie is out of a script's reach; what is here came from the API. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient();
  const [ended, setEnded] = useState(false);
  const [endCause, setEndCause] = useState<EndCause>();
  const { data } = useQuery({ queryKey: KEY, queryFn: ({ signal }) => present(signal, setEndCause), staleTime: 60_000, refetchInterval: 60_000 });

  const signedIn = useCallback((session: Session) => {
    // Whoever comes after another sees nothing that was read for the other.
    const before = queries.getQueryData<Session | null>(KEY);
    if (before && before.officer.id !== session.officer.id) queries.clear();
    queries.setQueryData(KEY, told(session));
    setEnded(false);
    setEndCause(undefined);
    void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  }, [queries]);
  const renewed = useCallback((session: Session) => { queries.setQueryData(KEY, told(session)); }, [queries]);
  const sessionLost = useCallback((cause?: EndCause) => {
    if (!queries.getQueryData<Session | null>(KEY)) return;
    setEndCause(cause);
    setEnded(true);
  }, [queries]);
  const signOut = useCallback(async () => {
    try {
      await ask('DELETE', '/v1/session');
    } catch (error) {
      // Ended already: that is what was asked.
      if (!(error instanceof Refused && error.code === 'SESSION_MISSING')) throw error;
    }
    queries.clear();
    queries.setQueryData(KEY, null);
    setEnded(false);
  }, [queries]);

  // The regular look found that the session is gone.
  const [known, setKnown] = useState<Session>();
  useEffect(() => {
    if (data) setKnown(data);
    else if (data === null && known && !ended) setEnded(true);
  }, [data, known, ended]);

  const session = ended ? known : data;
  useEffect(() => { letRunOut(session ? !session.may.includes('alert.end') : false); }, [session]);
  const signed = useMemo(
    () => ({ session, ended, endCause, signedIn, renewed, signOut: () => signOut().then(() => { setKnown(undefined); }), sessionLost }),
    [session, ended, endCause, signedIn, renewed, signOut, sessionLost],
  );
  return <SessionContext value={signed}>{children}</SessionContext>;
}

/** Who is signed in, and how that changes. */
export function useSession(): Signed {
  const signed = useContext(SessionContext);
  if (!signed) throw new Error('no session is provided here');
  return signed;
}

/** Whether the officer may do something; the API decides it again. */
export function useMay(): (action: Action) => boolean {
  const { session } = useSession();
  return (action) => session?.may.includes(action) ?? false;
}

/** Why the session is gone, by a refusal that says so. */
export function endCauseOf(error: Refused): EndCause | undefined {
  return error.problem.faults[0]?.detail;
}

const told = (session: Session): Session => ({ ...session, skewMs: Date.parse(session.now) - Date.now() });

async function present(signal: AbortSignal, setEndCause: (cause: EndCause | undefined) => void): Promise<Session | null> {
  try {
    return told(await read<Session>('/v1/session', signal));
  } catch (error) {
    if (!(error instanceof Refused && error.code === 'SESSION_MISSING')) throw error;
    setEndCause(endCauseOf(error));
    return null;
  }
}
