import { Page } from '../page.js';
import { useSay } from '../language.js';
import { Passkeys } from './passkeys.js';
import { Sessions } from './sessions.js';
import { texts } from './texts.js';

/** An officer's own passkeys and sessions. */
export default function Account() {
  const t = useSay();
  return <Page title={t(texts.title)}><Passkeys /><Sessions /></Page>;
}
