import { useMutation, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useState, type ReactNode } from 'react';
import type { ChangeAnswer } from '#apps/api/changes.controller.js';
import { ask } from '../api.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Notice } from '../design/notice.js';
import { useSay } from '../language.js';
import { texts } from './texts.js';

/** A change as somebody proposes it; `payload` and `secret` are as its kind takes them. */
export interface Proposal {
  readonly kind: string;
  readonly payload: unknown;
  readonly secret?: unknown;
}

type Done = keyof typeof texts.done;

interface Desk {
  /** Says what was done, reads everything again, and shows what was told this once. */
  readonly done: (what: Done, told?: ChangeAnswer['told']) => void;
}

const DeskContext = createContext<Desk | undefined>(undefined);

/** Where changes are proposed and settled: what was done is said in one place, and what is told once is shown until it is noted. */
export function ProposalDesk({ children }: { readonly children: ReactNode }) {
  const t = useSay();
  const queries = useQueryClient();
  const [said, setSaid] = useState<Done>();
  const [half, setHalf] = useState<string>();
  const done = (what: Done, told: ChangeAnswer['told'] = {}): void => {
    setSaid(what);
    setHalf(told['half']);
    void queries.invalidateQueries();
  };
  return (
    <DeskContext value={{ done }}>
      <div role="status">{said && <Notice tone="ok"><p>{t(texts.done[said])}</p></Notice>}</div>
      {children}
      <Dialog title={t(texts.half)} isOpen={half !== undefined} role="alertdialog">
        <p className="secret">{half}</p>
        <p>{t(texts.halfText(`${window.location.origin}/desk/enrol`))}</p>
        <div className="actions"><Button kind="primary" onPress={() => { setHalf(undefined); }}>{t(texts.noted)}</Button></div>
      </Dialog>
    </DeskContext>
  );
}

/** Tells the desk around what was done. */
export function useProposalDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('there is no desk for proposals around');
  return desk;
}

/** Proposes a change; `onProposed` closes what it was written in. */
export function usePropose(onProposed: () => void) {
  const { done } = useProposalDesk();
  return useMutation({
    mutationFn: (proposal: Proposal) => ask<ChangeAnswer>('POST', '/v1/changes', { body: proposal }),
    onSuccess: ({ body }) => {
      onProposed();
      done('proposed', body.told);
    },
  });
}
