import type { ShownBoard } from '#apps/api/board.controller.js';
import { Button, LinkButton } from '../design/button.js';
import { Notice } from '../design/notice.js';
import { useSay } from '../language.js';
import { useDecision } from './decision.js';
import { texts } from './texts.js';

/** Begins an update of what is published, or says that one is in hand. */
export function Revise({ board: { alert }, onDone }: { readonly board: ShownBoard; readonly onDone: () => void }) {
  const t = useSay();
  const { decide, isPending, trouble } = useDecision(`/v1/${alert.mode}/alerts/${alert.id}/revise`, {}, { onDone });
  const { proposal } = alert;
  if (proposal) {
    return (
      <>
        <p>{t(texts.updateInHand(proposal.revision, t(texts.proposal[proposal.status as keyof typeof texts.proposal])))}</p>
        {proposal.status !== 'in_review' && <LinkButton href={`/${alert.mode}/drafts`}>{t(texts.goOnWriting)}</LinkButton>}
      </>
    );
  }
  return (
    <>
      <Button isPending={isPending} onPress={decide}>{t(texts.revise)}</Button>
      <div role="alert">{trouble && <Notice tone="bad"><p>{t(trouble)}</p></Notice>}</div>
    </>
  );
}
