import type { DeskProps } from '../desks.js';
import { LinkButton } from '../design/button.js';
import { Notice } from '../design/notice.js';
import { useSay } from '../language.js';
import { Page } from '../page.js';
import { Airing } from './airing.js';
import { Deliveries } from './deliveries.js';
import { Erasures } from './erasures.js';
import { Feeds, Secrets } from './access.js';
import { Health } from './health.js';
import { useOwn } from './own.js';
import { texts } from './texts.js';

/** One destination of the account, in its own world. */
export default function PartnerDestination({ mode, params }: DeskProps) {
  const t = useSay();
  const { data, error } = useOwn();
  const destination = data?.items.find(({ id, mode: of }) => id === params['destination'] && of === mode);
  const back = <LinkButton kind="quiet" href="/partner">{t(texts.toList)}</LinkButton>;
  if (!destination) {
    return (
      <Page title={t(data ? texts.notFound : texts.title)} aside={back}>
        {error && !data && <Notice tone="warn"><p>{t(texts.failed)}</p></Notice>}
      </Page>
    );
  }
  return (
    <Page title={destination.name} count={destination.openErasures} aside={back}>
      <Erasures destination={destination.id} />
      <Health destination={destination} />
      <Deliveries destination={destination.id} />
      {destination.airs && <Airing destination={destination.id} />}
      <Secrets destination={destination} />
      <Feeds destination={destination} />
    </Page>
  );
}
