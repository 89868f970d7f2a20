import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { OpenSessions } from '#apps/api/session.controller.js';
import { ask, read } from '../api.js';
import { Button } from '../design/button.js';
import { Badge, Notice } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useFormat, useSay } from '../language.js';
import { useSession } from '../session.js';
import { wordsFor } from './refusals.js';
import { texts } from './texts.js';

const PATH = '/v1/sessions';

/** One's own open sessions, each to be ended, and all at once. */
export function Sessions() {
  const t = useSay();
  const { dateTime } = useFormat();
  const queries = useQueryClient();
  const { signOut } = useSession();
  const { data } = useQuery({ queryKey: [PATH], queryFn: ({ signal }) => read<OpenSessions>(PATH, signal) });
  const end = useMutation({ mutationFn: (id: string) => ask('DELETE', `${PATH}/${id}`), onSettled: () => queries.invalidateQueries({ queryKey: [PATH] }) });
  // Signing out here as well leaves the page as every sign-out does.
  const endAll = useMutation({ mutationFn: () => ask('DELETE', PATH), onSuccess: () => signOut() });
  const trouble = end.error ?? endAll.error;
  return (
    <section className="card stack" aria-labelledby="account-sessions">
      <h2 id="account-sessions">{t(texts.sessions)}</h2>
      <p>{t(texts.sessionsText)}</p>
      <div role="alert">{trouble && <Notice tone="bad"><p>{t(wordsFor(trouble, {}))}</p></Notice>}</div>
      <Table labelledBy="account-sessions" head={[t(texts.opened), t(texts.seen), t(texts.device), t(texts.how), t(texts.actions)]}>
        {(data?.items ?? []).map(({ id, openedAt, seenAt, device, method, current }) => (
          <tr key={id}>
            <th scope="row">{dateTime(openedAt)}</th><td>{dateTime(seenAt)}</td><td>{t(device ? texts.deviceNamed(device) : texts.deviceOther)}</td><td>{t(texts.methods[method])}</td>
            <td>{current ? <Badge tone="info">{t(texts.here)}</Badge> : <Button aria-label={t(texts.endNamed(dateTime(openedAt)))} onPress={() => { end.mutate(id); }}>{t(texts.endOne)}</Button>}</td>
          </tr>
        ))}
      </Table>
      <div className="row"><Button kind="danger" isPending={endAll.isPending} onPress={() => { endAll.mutate(); }}>{t(texts.endAll)}</Button><span className="muted">{t(texts.endAllText)}</span></div>
    </section>
  );
}
