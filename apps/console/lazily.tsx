import { useEffect, useState, type ComponentType } from 'react';
import { useConnection } from './connection.js';

/**
 * A part of the console whose script is fetched when it is first shown. A script that cannot be had breaks nothing: `Missing`
 * says so in its place, and the script is asked for again once the server answers.
 */
export function lazily<P extends object>(load: () => Promise<{ readonly default: ComponentType<P> }>, Waiting: ComponentType, Missing: ComponentType): ComponentType<P> {
  const kept: { part?: ComponentType<P> } = {};
  return function Lazily(props: P) {
    const { state, since } = useConnection();
    const [Part, setPart] = useState(() => kept.part);
    const [isMissing, setMissing] = useState(false);
    useEffect(() => {
      if (kept.part) return undefined;
      let wanted = true;
      load().then(({ default: part }) => {
        kept.part = part;
        if (wanted) setPart(() => part);
      }, () => { if (wanted) setMissing(true); });
      return () => { wanted = false; };
    }, [state, since]);
    if (Part) return <Part {...props} />;
    return isMissing ? <Missing /> : <Waiting />;
  };
}
