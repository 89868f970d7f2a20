import { useMutation } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { ask } from '../api.js';
import { Button } from '../design/button.js';
import { Notice } from '../design/notice.js';
import { useFormat, useSay } from '../language.js';
import { onTouch } from '../presence.js';
import { useSession, type Session } from '../session.js';
import { texts } from './texts.js';

/** How long before its end a session's officer is told. */
const WARNING_MS = 5 * 60_000;
/** So near its end, a touch of the page is sign enough to keep it open: whoever reads without asking anything is there too. */
const RENEWAL_MS = 15 * 60_000;
const LOOK_MS = 5_000;
/** Touches ask once in so long, answered or not. */
const AGAIN_MS = 10_000;

/** Says in time that the session is about to end, wherever the page stands; the button or any touch keeps it. Takes no focus. */
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
  const askedAt = useRef(0);
  const touched = useEffectEvent(() => {
    if (!session || ended || Date.now() - askedAt.current < AGAIN_MS || endingWithin(RENEWAL_MS, session, Date.now())?.kind !== 'idle') return;
    askedAt.current = Date.now();
    stay.mutate();
  });
  useEffect(() => onTouch(() => { touched(); }), []);
  const soon = session && !ended ? endingWithin(WARNING_MS, session, now) : undefined;
  return (
    <div role="status" className="account-warning">
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

/** Which end of a session is at most so many milliseconds away, and when by this machine's clock, which need not be the system's. Pure. */
function endingWithin(ms: number, { idleAt, absoluteAt, skewMs }: Pick<Session, 'idleAt' | 'absoluteAt' | 'skewMs'>, now: number): { readonly kind: 'idle' | 'shift'; readonly at: number } | undefined {
  const here = (at: string): number => Date.parse(at) - (skewMs ?? 0);
  const [idle, shift] = [here(idleAt), here(absoluteAt)];
  const [kind, at] = shift <= idle ? ['shift', shift] as const : ['idle', idle] as const;
  return at - now <= ms ? { kind, at } : undefined;
}
