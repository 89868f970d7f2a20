import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ask } from '../api.js';
import { Button } from '../design/button.js';
import { Notice } from '../design/notice.js';
import { useFormat, useSay } from '../language.js';
import { useSession, type Session } from '../session.js';
import { texts } from './texts.js';

/** How long before its end a session's officer is told. */
const WARNING_MS = 5 * 60_000;
const LOOK_MS = 5_000;

/** Says in time that the session is about to end, and lets the officer stay; takes no focus and covers nothing. */
export function SessionWarning() {
  const t = useSay();
  const { time } = useFormat();
  const { session, ended, renewed } = useSession();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const looking = setInterval(() => { setNow(Date.now()); }, LOOK_MS);
    return () => { clearInterval(looking); };
  }, []);
  const stay = useMutation({ mutationFn: () => ask<Session>('POST', '/v1/session/extend'), onSuccess: ({ body }) => { renewed(body); } });
  const soon = session && !ended ? endingSoon(session, now) : undefined;
  return (
    <div role="status">
      {soon && (
        <Notice tone="warn">
          <div className="account-ending">
            <p>{t(soon.kind === 'idle' ? texts.soon(time(soon.at)) : texts.shiftOver(time(soon.at)))}</p>
            {soon.kind === 'idle' && <Button isPending={stay.isPending} onPress={() => { stay.mutate(); }}>{t(texts.stay)}</Button>}
          </div>
        </Notice>
      )}
    </div>
  );
}

/** Which end of a session is near, and when by this machine's clock, which need not be the system's. Pure. */
export function endingSoon({ idleAt, absoluteAt, skewMs }: Pick<Session, 'idleAt' | 'absoluteAt'> & { readonly skewMs?: number }, now: number): { readonly kind: 'idle' | 'shift'; readonly at: number } | undefined {
  const here = (at: string): number => Date.parse(at) - (skewMs ?? 0);
  const [idle, shift] = [here(idleAt), here(absoluteAt)];
  const [kind, at] = shift <= idle ? ['shift', shift] as const : ['idle', idle] as const;
  return at - now <= WARNING_MS ? { kind, at } : undefined;
}
