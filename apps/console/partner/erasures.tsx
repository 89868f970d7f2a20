import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PartnerErasureAnswer } from '#apps/api/partners.controller.js';
import { wordsFor } from '../account/refusals.js';
import { ask } from '../api.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Badge, Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useFormat, useSay } from '../language.js';
import { addressOf, useOf } from './own.js';
import { texts } from './texts.js';

/** What the partner still has to erase, and the word that it has. */
export function Erasures({ destination }: { readonly destination: string }) {
  const t = useSay();
  const { dateTime } = useFormat();
  const queries = useQueryClient();
  const { data } = useOf<{ items: readonly PartnerErasureAnswer[] }>(destination, 'erasures');
  const [asked, setAsked] = useState<PartnerErasureAnswer>();
  const close = (): void => { setAsked(undefined); };
  const confirm = useMutation({
    mutationFn: (id: string) => ask('POST', addressOf(destination, `erasures/${id}/confirm`)),
    onSuccess: () => {
      close();
      void queries.invalidateQueries();
    },
  });
  return (
    <section className="card stack" aria-labelledby="partner-erasures">
      <h2 id="partner-erasures">{t(texts.erasures)}</h2>
      <div role="status">{confirm.isSuccess && <Notice tone="ok"><p>{t(texts.confirmed)}</p></Notice>}</div>
      {data?.items.length === 0 && <p className="muted">{t(texts.noErasures)}</p>}
      {data && data.items.length > 0 && (
        <Table labelledBy="partner-erasures" head={[t(texts.alert), t(texts.askedAt), t(texts.due), t(texts.keys), t(texts.actions)]}>
          {data.items.map((one) => (
            <tr key={one.id}>
              <th scope="row"><code>{one.alertId.slice(0, 8)}</code></th>
              <td>{dateTime(one.askedAt)}</td>
              <td>{dateTime(one.dueAt)} {Date.parse(one.dueAt) < Date.now() && <Badge tone="bad">{t(texts.overdue)}</Badge>}</td>
              <td>{one.keys.map((key) => <code key={key} className="partner-key">{key}</code>)}</td>
              <td><Button kind="primary" aria-label={t(texts.about(t(texts.confirm), one.alertId.slice(0, 8)))} onPress={() => { setAsked(one); }}>{t(texts.confirm)}</Button></td>
            </tr>
          ))}
        </Table>
      )}
      <Dialog title={t(texts.confirmTitle)} isOpen={asked !== undefined} onClose={close} role="alertdialog">
        {asked && (
          <div className="stack">
            <p>{t(texts.confirmText)}</p>
            <p>{t(texts.alert)}: <code>{asked.alertId}</code></p>
            <div role="alert">{confirm.error && <Notice tone="bad"><p>{t(wordsFor(confirm.error, texts.refusals))}</p></Notice>}</div>
            <div className="row"><Button kind="primary" isPending={confirm.isPending} onPress={() => { if (!confirm.isPending) confirm.mutate(asked.id); }}>{t(texts.confirm)}</Button><Button onPress={close}>{t(texts.cancel)}</Button></div>
          </div>
        )}
      </Dialog>
    </section>
  );
}
