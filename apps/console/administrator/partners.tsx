import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { DestinationShown } from '#apps/api/destinations.controller.js';
import { wordsFor } from '../account/refusals.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Check, Field, Group } from '../design/fields.js';
import { Badge, Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import { channelLabel } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { useMay } from '../session.js';
import { DestinationForm } from './destination-form.js';
import { useDestinations } from './destinations.js';
import { partnerTexts as texts } from './partner-texts.js';
import { usePropose } from './proposal.js';
import { texts as common } from './texts.js';

type Asked = { readonly what: 'add' | 'account' } | { readonly what: 'change' | 'switch'; readonly destination: DestinationShown };

/** Every destination with its routes and how they are, and what may be proposed about it. */
export function Partners() {
  const t = useSay();
  const { dateTime } = useFormat();
  const may = useMay();
  const destinations = useDestinations() ?? [];
  const [asked, setAsked] = useState<Asked>();
  const close = (): void => { setAsked(undefined); };
  const manages = may('destination.manage');
  const about = (destination: DestinationShown, action: string): string => t(texts.about(action, destination.name));
  return (
    <section className="card stack" aria-labelledby="partners">
      <h2 id="partners">{t(texts.title)}</h2>
      {manages && (
        <div className="row">
          <Button kind="primary" onPress={() => { setAsked({ what: 'add' }); }}>{t(texts.add)}</Button>
          <Button onPress={() => { setAsked({ what: 'account' }); }}>{t(texts.addAccount)}</Button>
        </div>
      )}
      <Table labelledBy="partners" head={[t(texts.name), t(texts.world), t(texts.routes), t(texts.lastAccepted), t(common.state), ...(manages ? [t(common.actions)] : [])]}>
        {destinations.map((destination) => {
          const { id, name, mode, routes, lastAcceptedAt, enabled } = destination;
          const onOff = t(enabled ? texts.disable : texts.enable);
          return (
            <tr key={id}>
              <th scope="row">{name}<br /><code>{id}</code></th>
              <td>{t(texts.worlds[mode])}</td>
              <td>{routes.map(({ route, channel, breaker }) => <div key={route} className="row"><span>{channelLabel(channel, t)}</span>{breaker === 'open' && <Badge tone="bad">{t(texts.broken)}</Badge>}</div>)}</td>
              <td>{lastAcceptedAt === null ? t(texts.never) : dateTime(lastAcceptedAt)}</td>
              <td><Badge tone={enabled ? 'ok' : 'warn'}>{t(enabled ? texts.inForce : texts.disabled)}</Badge></td>
              {manages && (
                <td><div className="row">
                  <Button aria-label={about(destination, t(texts.change))} onPress={() => { setAsked({ what: 'change', destination }); }}>{t(texts.change)}</Button>
                  <Button aria-label={about(destination, onOff)} onPress={() => { setAsked({ what: 'switch', destination }); }}>{onOff}</Button>
                </div></td>
              )}
            </tr>
          );
        })}
      </Table>
      <Dialog title={t(texts.add)} isOpen={asked?.what === 'add'} onClose={close}><DestinationForm present={undefined} close={close} /></Dialog>
      <Dialog title={t(texts.addAccount)} isOpen={asked?.what === 'account'} onClose={close}><Account destinations={destinations} close={close} /></Dialog>
      <Dialog title={asked?.what === 'change' ? about(asked.destination, t(texts.change)) : ''} isOpen={asked?.what === 'change'} onClose={close}>
        {asked?.what === 'change' && <DestinationForm present={asked.destination} close={close} />}
      </Dialog>
      <Dialog title={asked?.what === 'switch' ? about(asked.destination, t(asked.destination.enabled ? texts.disable : texts.enable)) : ''} isOpen={asked?.what === 'switch'} onClose={close} role="alertdialog">
        {asked?.what === 'switch' && <Switching destination={asked.destination} close={close} />}
      </Dialog>
    </section>
  );
}

function Switching({ destination: { id, enabled }, close }: { readonly destination: DestinationShown; readonly close: () => void }) {
  const t = useSay();
  const propose = usePropose(close);
  return (
    <div className="stack">
      <p>{t(enabled ? texts.disableText : texts.enableText)}</p>
      <div role="alert">{propose.error && <Notice tone="bad"><p>{t(wordsFor(propose.error, texts.refusals))}</p></Notice>}</div>
      <div className="row">
        <Button kind="primary" isPending={propose.isPending} onPress={() => { if (!propose.isPending) propose.mutate({ kind: enabled ? 'destination.disable' : 'destination.enable', payload: { id } }); }}>{t(texts.propose)}</Button>
        <Button onPress={close}>{t(texts.cancel)}</Button>
      </div>
    </div>
  );
}

/** An account for a partner's technician, bound to what they answer for. */
function Account({ destinations, close }: { readonly destinations: readonly DestinationShown[]; readonly close: () => void }) {
  const t = useSay();
  const [userName, setUserName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [bound, setBound] = useState<readonly string[]>([]);
  const [tried, setTried] = useState(false);
  const propose = usePropose(close);
  const submit = (): void => {
    setTried(true);
    if (bound.length > 0 && !propose.isPending) propose.mutate({ kind: 'officer.add', payload: { userName, displayName, roles: ['partner'], destinations: bound } });
  };
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <Field label={t(common.userName)} hint={t(common.userNameHint)} value={userName} onChange={setUserName} autoComplete="off" spellCheck="false" maxLength={40} isRequired />
      <Field label={t(common.name)} hint={t(common.nameHint)} value={displayName} onChange={setDisplayName} autoComplete="off" maxLength={80} isRequired />
      <Group legend={t(texts.answersFor)}>
        {destinations.map(({ id, name, mode }) => <Check key={id} label={`${name} (${t(texts.worlds[mode])})`} isSelected={bound.includes(id)} onChange={(is) => { setBound(is ? [...bound, id] : bound.filter((other) => other !== id)); }} />)}
      </Group>
      <div role="alert">{tried && bound.length === 0 ? <Notice tone="bad"><p>{t(texts.answersForMissing)}</p></Notice> : propose.error && <Notice tone="bad"><p>{t(wordsFor(propose.error, texts.refusals))}</p></Notice>}</div>
      <div className="row"><Button kind="primary" type="submit" isPending={propose.isPending}>{t(texts.propose)}</Button><Button onPress={close}>{t(texts.cancel)}</Button></div>
    </Form>
  );
}
