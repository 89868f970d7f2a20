import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PasskeyShown } from '#apps/api/passkeys.controller.js';
import { ask, read } from '../api.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Field } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useFormat, useSay } from '../language.js';
import { makePasskey, passkeysHere } from './passkey.js';
import { StepUp, type Proof } from './step-up.js';
import { texts } from './texts.js';

const PATH = '/v1/passkeys';

/** One's own passkeys: what there are, one more, one less. */
export function Passkeys() {
  const t = useSay();
  const { dateTime } = useFormat();
  const queries = useQueryClient();
  const { data } = useQuery({ queryKey: [PATH], queryFn: ({ signal }) => read<{ items: readonly PasskeyShown[] }>(PATH, signal) });
  const [adding, setAdding] = useState(false);
  const [doomed, setDoomed] = useState<PasskeyShown>();
  const [said, setSaid] = useState<'added' | 'removed'>();
  const done = async (what: 'added' | 'removed'): Promise<void> => {
    setAdding(false);
    setDoomed(undefined);
    setSaid(what);
    await Promise.all([queries.invalidateQueries({ queryKey: [PATH] }), queries.invalidateQueries({ queryKey: ['session'] })]);
  };
  const remove = async (proof: Proof): Promise<void> => {
    await ask('POST', `${PATH}/${doomed!.id}/remove`, { body: proof });
    await done('removed');
  };
  const items = data?.items ?? [];
  return (
    <section className="card stack" aria-labelledby="account-passkeys">
      <h2 id="account-passkeys">{t(texts.passkeys)}</h2>
      <p>{t(texts.passkeysText)}</p>
      <div role="status">{said && <Notice tone="ok"><p>{t(texts[said])}</p></Notice>}</div>
      {data && items.length === 0 && <p className="muted">{t(texts.none)}</p>}
      {items.length > 0 && (
        <Table labelledBy="account-passkeys" head={[t(texts.name), t(texts.created), t(texts.used), t(texts.actions)]}>
          {items.map((item) => (
            <tr key={item.id}>
              <th scope="row">{item.name}</th><td>{dateTime(item.createdAt)}</td><td>{item.lastUsedAt === null ? t(texts.never) : dateTime(item.lastUsedAt)}</td>
              <td><Button aria-label={t(texts.removeNamed(item.name))} onPress={() => { setDoomed(item); }}>{t(texts.remove)}</Button></td>
            </tr>
          ))}
        </Table>
      )}
      {passkeysHere() ? <div><Button kind="primary" onPress={() => { setAdding(true); }}>{t(texts.add)}</Button></div> : <p className="muted">{t(texts.notHere)}</p>}
      <Dialog title={t(texts.add)} isOpen={adding} onClose={() => { setAdding(false); }}>
        <Adding done={() => done('added')} cancel={() => { setAdding(false); }} />
      </Dialog>
      <Dialog title={doomed ? t(texts.removeTitle(doomed.name)) : ''} isOpen={doomed !== undefined} onClose={() => { setDoomed(undefined); }} role="alertdialog">
        <StepUp purpose={{ for: 'passkeys' }} action={t(texts.remove)} kind="danger" decide={remove}><Button onPress={() => { setDoomed(undefined); }}>{t(texts.cancel)}</Button></StepUp>
      </Dialog>
    </section>
  );
}

function Adding({ done, cancel }: { readonly done: () => Promise<void>; readonly cancel: () => void }) {
  const t = useSay();
  const [name, setName] = useState('');
  const [tried, setTried] = useState(false);
  const add = async (proof: Proof): Promise<void> => {
    const { body: offered } = await ask<Parameters<typeof makePasskey>[0]>('POST', `${PATH}/options`, { body: proof });
    await ask('POST', PATH, { body: { name, passkey: await makePasskey(offered) } });
    await done();
  };
  const missing = name.trim() === '';
  return (
    <div className="stack">
      <Field label={t(texts.name)} hint={t(texts.nameHint)} value={name} onChange={setName} onBlur={() => { setTried(true); }} maxLength={80} isRequired error={tried && missing ? t(texts.nameMissing) : undefined} />
      <StepUp purpose={{ for: 'passkeys' }} action={t(texts.addNow)} decide={add} refused={texts.refused} isDisabled={missing}><Button onPress={cancel}>{t(texts.cancel)}</Button></StepUp>
    </div>
  );
}
