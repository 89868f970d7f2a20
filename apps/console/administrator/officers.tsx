import { useState, type ReactNode } from 'react';
import { Form } from 'react-aria-components';
import type { OfficerShown } from '#apps/api/officers.controller.js';
import type { Role } from '#identity/officer.js';
import { wordsFor } from '../account/refusals.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Check, Field, Group } from '../design/fields.js';
import { Badge, Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useSay } from '../language.js';
import { useMay } from '../session.js';
import { usePropose } from './proposal.js';
import { useRoster } from './roster.js';
import { ROLE_NAMES, texts } from './texts.js';

/** Roles that are given here; a partner's account is made with its destinations, among the partners. */
const GIVEN: readonly Role[] = ['author', 'approver', 'auditor', 'administrator'];

type Asked = { readonly what: 'add' } | { readonly what: 'alter' | 'reset'; readonly officer: OfficerShown };

/** Who may sign in, and what may be proposed about them. */
export function Officers() {
  const t = useSay();
  const may = useMay();
  const { officers } = useRoster();
  const [asked, setAsked] = useState<Asked>();
  const close = (): void => { setAsked(undefined); };
  const manages = may('change.decide');
  return (
    <section className="card stack" aria-labelledby="officers">
      <h2 id="officers">{t(texts.officers)}</h2>
      {manages && <div><Button kind="primary" onPress={() => { setAsked({ what: 'add' }); }}>{t(texts.add)}</Button></div>}
      <Table labelledBy="officers" head={[t(texts.name), t(texts.userName), t(texts.roles), t(texts.state), ...(manages ? [t(texts.actions)] : [])]}>
        {officers.map((officer) => (
          <tr key={officer.id}>
            <th scope="row">{officer.displayName}</th><td>{officer.userName}</td><td>{officer.roles.map((role) => t(ROLE_NAMES[role])).join(', ')}</td>
            <td><div className="row"><Badge tone={officer.enabled ? 'ok' : 'bad'}>{t(officer.enabled ? texts.enabled : texts.disabled)}</Badge>{!officer.enrolled && <Badge tone="warn">{t(texts.notEnrolled)}</Badge>}</div></td>
            {manages && (
              <td><div className="row">
                <Button aria-label={t(texts.about(t(texts.alter), officer.displayName))} onPress={() => { setAsked({ what: 'alter', officer }); }}>{t(texts.alter)}</Button>
                <Button aria-label={t(texts.about(t(texts.reset), officer.displayName))} onPress={() => { setAsked({ what: 'reset', officer }); }}>{t(texts.reset)}</Button>
              </div></td>
            )}
          </tr>
        ))}
      </Table>
      <Dialog title={t(texts.add)} isOpen={asked?.what === 'add'} onClose={close}><Adding close={close} /></Dialog>
      <Dialog title={asked?.what === 'alter' ? t(texts.about(t(texts.alter), asked.officer.displayName)) : ''} isOpen={asked?.what === 'alter'} onClose={close}>
        {asked?.what === 'alter' && <Altering officer={asked.officer} close={close} />}
      </Dialog>
      <Dialog title={asked?.what === 'reset' ? t(texts.about(t(texts.reset), asked.officer.displayName)) : ''} isOpen={asked?.what === 'reset'} onClose={close} role="alertdialog">
        {asked?.what === 'reset' && <Resetting officer={asked.officer} close={close} />}
      </Dialog>
    </section>
  );
}

function Adding({ close }: { readonly close: () => void }) {
  const t = useSay();
  const [userName, setUserName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [roles, setRoles] = useState<readonly Role[]>([]);
  return (
    <Proposing proposal={{ kind: 'officer.add', payload: { userName, displayName, roles } }} missing={roles.length === 0} close={close}>
      <Field label={t(texts.userName)} hint={t(texts.userNameHint)} value={userName} onChange={setUserName} autoComplete="off" spellCheck="false" maxLength={40} isRequired />
      <Field label={t(texts.name)} hint={t(texts.nameHint)} value={displayName} onChange={setDisplayName} autoComplete="off" maxLength={80} isRequired />
      <Roles roles={roles} onChange={setRoles} />
    </Proposing>
  );
}

function Altering({ officer, close }: { readonly officer: OfficerShown; readonly close: () => void }) {
  const t = useSay();
  const [roles, setRoles] = useState<readonly Role[]>(officer.roles);
  const [enabled, setEnabled] = useState(officer.enabled);
  const isPartner = officer.roles.includes('partner');
  return (
    <Proposing proposal={{ kind: 'officer.change', payload: { officer: officer.id, roles, enabled } }} missing={roles.length === 0} close={close}>
      {!isPartner && <Roles roles={roles} onChange={setRoles} />}
      <Check label={t(texts.mayEnter)} isSelected={enabled} onChange={setEnabled} />
    </Proposing>
  );
}

function Resetting({ officer, close }: { readonly officer: OfficerShown; readonly close: () => void }) {
  const t = useSay();
  return <Proposing proposal={{ kind: 'officer.reset', payload: { officer: officer.id } }} missing={false} close={close}><p>{t(texts.resetText)}</p></Proposing>;
}

/** The form around a proposal: what is wrong with it, sending it, and leaving it. */
function Proposing({ proposal, missing, close, children }: {
  readonly proposal: { readonly kind: string; readonly payload: unknown }; readonly missing: boolean; readonly close: () => void; readonly children: ReactNode;
}) {
  const t = useSay();
  const [tried, setTried] = useState(false);
  const propose = usePropose(close);
  const submit = (): void => {
    setTried(true);
    if (!missing && !propose.isPending) propose.mutate(proposal);
  };
  return (
    <Form className="stack" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      {children}
      <div role="alert">
        {tried && missing ? <Notice tone="bad"><p>{t(texts.rolesMissing)}</p></Notice> : propose.error && <Notice tone="bad"><p>{t(wordsFor(propose.error, texts.refusals))}</p></Notice>}
      </div>
      <div className="row"><Button kind="primary" type="submit" isPending={propose.isPending}>{t(texts.propose)}</Button><Button onPress={close}>{t(texts.cancel)}</Button></div>
    </Form>
  );
}

/** Author and approver go together; choosing one that stands alone takes the others away. */
function Roles({ roles, onChange }: { readonly roles: readonly Role[]; readonly onChange: (roles: readonly Role[]) => void }) {
  const t = useSay();
  const choose = (role: Role, chosen: boolean): void => {
    const together = role === 'author' || role === 'approver';
    const rest = roles.filter((other) => other !== role && (!chosen || (together && (other === 'author' || other === 'approver'))));
    onChange(GIVEN.filter((one) => rest.includes(one) || (one === role && chosen)));
  };
  return (
    <Group legend={t(texts.roles)}>
      <p className="muted">{t(texts.rolesHint)}</p>
      {GIVEN.map((role) => <Check key={role} label={t(ROLE_NAMES[role])} isSelected={roles.includes(role)} onChange={(chosen) => { choose(role, chosen); }} />)}
    </Group>
  );
}
