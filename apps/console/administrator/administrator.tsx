import { Page } from '../page.js';
import { useSay } from '../language.js';
import { SettledChanges, WaitingChanges } from './changes.js';
import { Officers } from './officers.js';
import { Partners } from './partners.js';
import { ProposalDesk } from './proposal.js';
import { texts } from './texts.js';

/** The administrator's desk: what waits for a second administrator, who may sign in, and what was changed. An auditor sees the same and changes nothing. */
export default function Administrator() {
  const t = useSay();
  return (
    <Page title={t(texts.title)}>
      <p>{t(texts.intro)}</p>
      <ProposalDesk>
        <WaitingChanges />
        <Officers />
        <Partners />
        <SettledChanges />
      </ProposalDesk>
    </Page>
  );
}
