import { Link } from 'wouter';
import type { z } from 'zod';
import type { auditedAlertSchema } from '#apps/api/audit-schemas.js';
import { Badge } from '../design/notice.js';
import { STATUS_NAMES } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { Table } from './parts.js';
import { texts } from './texts.js';

export type Alert = z.output<typeof auditedAlertSchema>;

/** Alerts with their key times. */
export function Alerts({ label, items }: { readonly label: string; readonly items: readonly Alert[] }) {
  const t = useSay();
  const format = useFormat();
  const when = (at: string | null) => (at === null ? t(texts.never) : <time dateTime={at}>{format.date(at)} {format.timeToSecond(at)}</time>);
  return (
    <Table label={label} head={[texts.ofAlert, texts.mode, texts.status, texts.created, texts.approved, texts.firstAccepted, texts.lastAccepted, texts.ended, texts.erased].map(t)}>
      {items.map((alert) => (
        <tr key={alert.id}>
          <th scope="row"><Link href={`/audit/alerts/${alert.id}`}>{alert.caseNumber ?? <span className="mono">{alert.id.slice(0, 8)}</span>}</Link></th>
          <td>{t(texts.modes[alert.mode])}</td>
          <td><Badge tone={alert.status === 'active' ? 'info' : undefined}>{t(STATUS_NAMES[alert.status])}</Badge></td>
          {[alert.createdAt, alert.approvedAt, alert.firstAcceptedAt, alert.lastAcceptedAt, alert.endedAt, alert.erasedAt].map((at, n) => <td key={n} className="auditor-time">{when(at)}</td>)}
        </tr>
      ))}
    </Table>
  );
}
