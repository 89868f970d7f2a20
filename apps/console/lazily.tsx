import { useEffect, useState, type ComponentType } from 'react';
import { useConnection } from './connection.js';

const AGAIN_MS = 4_000;

/**
 * A part of the console whose script is fetched when it is first shown. A script that cannot be had breaks nothing: `Missing`
 * says so in its place, and the script is asked for again until it comes.
 */
export function lazily<P extends object>(load: () => Promise<{ readonly default: ComponentType<P> }>, Waiting: ComponentType, Missing: ComponentType): ComponentType<P> {
  const kept: { part?: ComponentType<P> } = {};
  return function Lazily(props: P) {
    const { state, since } = useConnection();
    const [Part, setPart] = useState(() => kept.part);
    const [isMissing, setMissing] = useState(false);
    const [tries, setTries] = useState(0);
    useEffect(() => {
      if (kept.part) return undefined;
      let wanted = true;
      let again: ReturnType<typeof setTimeout> | undefined;
      load().then(({ default: part }) => {
        kept.part = part;
        if (wanted) setPart(() => part);
      }, () => {
        if (!wanted) return;
        setMissing(true);
        again = setTimeout(() => { setTries(tries + 1); }, AGAIN_MS);
      });
      return () => {
        wanted = false;
        clearTimeout(again);
      };
    }, [state, since, tries]);
    if (Part) return <Part {...props} />;
    return isMissing ? <Missing /> : <Waiting />;
  };
}
