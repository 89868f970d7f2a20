import { QueryCache, QueryClient, QueryClientProvider, MutationCache } from '@tanstack/react-query';
import { useState } from 'react';
import { RouterProvider } from 'react-aria-components';
import { Router, useLocation } from 'wouter';
import { Refused, Unreachable } from './api.js';
import { LanguageProvider } from './language.js';
import { endCauseOf, SessionProvider, useSession } from './session.js';
import { Shell } from './shell.js';

/** The console: its providers, from the outside in. */
export function App() {
  const [queries] = useState(queryClient);
  return (
    <QueryClientProvider client={queries}>
      <LanguageProvider>
        <SessionProvider>
          <Router base="/desk"><Navigation /></Router>
        </SessionProvider>
      </LanguageProvider>
    </QueryClientProvider>
  );
}

function Navigation() {
  const [, navigate] = useLocation();
  const { sessionLost } = useSession();
  watchers.sessionLost = sessionLost;
  return <RouterProvider navigate={(path) => { navigate(path); }} useHref={(path) => `/desk${path}`}><Shell /></RouterProvider>;
}

/** Whoever must hear of a refusal wherever it happens. */
const watchers: { sessionLost: (cause?: string) => void } = { sessionLost: () => undefined };

function queryClient(): QueryClient {
  const onError = (error: unknown): void => {
    if (error instanceof Refused && error.code === 'SESSION_MISSING') watchers.sessionLost(endCauseOf(error));
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      // Asked whether the browser believes in a network or not; what is not answered is said, and reading is tried again.
      queries: { networkMode: 'always', retry: (failures, error) => error instanceof Unreachable && failures < 2, refetchOnWindowFocus: true },
      // A decision is never kept for later: it is answered now or not made.
      mutations: { networkMode: 'always', retry: false },
    },
  });
}
