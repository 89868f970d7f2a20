import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PartnerDestinationAnswer, RotatedSecretAnswer } from '#apps/api/partner-desk.controller.js';
import { wordsFor } from '../account/refusals.js';
import { StepUp, type Proof } from '../account/step-up.js';
import { ask } from '../api.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useFormat, useSay } from '../language.js';
import { addressOf } from './own.js';
import { texts } from './texts.js';

interface Given { readonly destination: PartnerDestinationAnswer }

/** Addresses that anyone may read; here because a technician asks for them. */
export function Feeds({ destination: { feeds } }: Given) {
  const t = useSay();
  const rows = [[t(texts.allLanguages), feeds.all], ...feeds.languages.map(({ language, url }) => [t(texts.languages[language]), url] as const), [t(texts.events), feeds.events]] as const;
  return (
    <section className="card stack" aria-labelledby="partner-feeds">
      <h2 id="partner-feeds">{t(texts.feeds)}</h2>
      <p>{t(texts.feedsText)}</p>
      <dl className="partner-pairs">{rows.map(([name, url]) => <div key={url}><dt>{name}</dt><dd><code>{url}</code></dd></div>)}</dl>
    </section>
  );
}

/** The secrets under which the partner signs, as they stand; a new one is shown once, on replacing. */
export function Secrets({ destination: { id, secrets, simulated } }: Given) {
  const t = useSay();
  const { dateTime } = useFormat();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<{ readonly to: 'rotate' | 'retire'; readonly name: string; readonly generation: number }>();
  const [made, setMade] = useState<RotatedSecretAnswer>();
  const close = (): void => { setAsked(undefined); };
  const again = (): void => { void queries.invalidateQueries(); };
  const rotate = async (proof: Proof): Promise<void> => {
    const { body } = await ask<RotatedSecretAnswer>('POST', addressOf(id, `secrets/${encodeURIComponent(asked!.name)}/rotate`), { body: proof });
    close();
    setMade(body);
    again();
  };
  const retire = useMutation({
    mutationFn: ({ name, generation }: { name: string; generation: number }) => ask('POST', addressOf(id, `secrets/${encodeURIComponent(name)}/retire`), { body: { generation } }),
    onSuccess: () => {
      close();
      again();
    },
  });
  return (
    <section className="card stack" aria-labelledby="partner-secrets">
      <h2 id="partner-secrets">{t(texts.secrets)}</h2>
      <div role="status">{retire.isSuccess && <Notice tone="ok"><p>{t(texts.retired)}</p></Notice>}</div>
      {secrets.length === 0 ? <p className="muted">{t(texts.noSecrets)}</p> : (
        <Table labelledBy="partner-secrets" head={[t(texts.name), t(texts.madeAt), t(texts.previousUntil), t(texts.actions)]}>
          {secrets.map(({ name, generation, madeAt, previousUntil }) => (
            <tr key={name}>
              <th scope="row"><code>{name}</code></th>
              <td>{madeAt === null ? t(texts.fromFile) : dateTime(madeAt)}</td>
              <td>{previousUntil === null ? (generation === 0 ? '–' : t(texts.notAnyMore)) : dateTime(previousUntil)}</td>
              <td><div className="row">
                {previousUntil === null
                  ? <Button aria-label={t(texts.about(t(texts.rotate), name))} onPress={() => { setAsked({ to: 'rotate', name, generation }); }}>{t(texts.rotate)}</Button>
                  : <Button aria-label={t(texts.about(t(texts.retire), name))} onPress={() => { setAsked({ to: 'retire', name, generation }); }}>{t(texts.retire)}</Button>}
              </div></td>
            </tr>
          ))}
        </Table>
      )}
      {simulated && secrets.length > 0 && <p className="muted">{t(texts.simulated)}</p>}
      <Dialog title={t(texts.rotateTitle)} isOpen={asked?.to === 'rotate'} onClose={close} role="alertdialog">
        {asked?.to === 'rotate' && (
          <div className="stack">
            <p>{t(texts.rotateText)}</p>
            <StepUp purpose={{ for: 'secret', destination: id, secret: asked.name }} action={t(texts.rotate)} decide={rotate} refused={texts.refusals}><Button onPress={close}>{t(texts.cancel)}</Button></StepUp>
          </div>
        )}
      </Dialog>
      <Dialog title={t(texts.retireTitle)} isOpen={asked?.to === 'retire'} onClose={close} role="alertdialog">
        {asked?.to === 'retire' && (
          <div className="stack">
            <p>{t(texts.retireText)}</p>
            <div role="alert">{retire.error && <Notice tone="bad"><p>{t(wordsFor(retire.error, texts.refusals))}</p></Notice>}</div>
            <div className="row"><Button kind="danger" isPending={retire.isPending} onPress={() => { if (!retire.isPending) retire.mutate(asked); }}>{t(texts.retire)}</Button><Button onPress={close}>{t(texts.cancel)}</Button></div>
          </div>
        )}
      </Dialog>
      <Dialog title={t(texts.newSecret)} isOpen={made !== undefined} role="alertdialog">
        {made && (
          <div className="stack">
            <p className="partner-secret"><code>{made.secret}</code></p>
            <p>{t(texts.newSecretText(dateTime(made.previousUntil)))}</p>
            <div><Button kind="primary" onPress={() => { setMade(undefined); }}>{t(texts.noted)}</Button></div>
          </div>
        )}
      </Dialog>
    </section>
  );
}
