import type { PartnerDeliveryAnswer } from '#apps/api/partners.controller.js';
import { Badge, type Tone } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useFormat, useSay } from '../language.js';
import { useOf } from './own.js';
import { texts } from './texts.js';

const TONES: Readonly<Record<string, Tone>> = { confirmed: 'ok', accepted: 'info', unknowable: 'info', failed: 'bad', queued: 'warn', sent: 'info' };

/** What went to a destination, and what was said of it. */
export function Deliveries({ destination }: { readonly destination: string }) {
  const t = useSay();
  const { dateTime, number } = useFormat();
  const { data } = useOf<{ items: readonly PartnerDeliveryAnswer[] }>(destination, 'deliveries?limit=20');
  return (
    <section className="card stack" aria-labelledby="partner-deliveries">
      <h2 id="partner-deliveries">{t(texts.deliveries)}</h2>
      {data?.items.length === 0 && <p className="muted">{t(texts.noDeliveries)}</p>}
      {data && data.items.length > 0 && (
        <Table labelledBy="partner-deliveries" head={[t(texts.at), t(texts.kind), t(texts.state), t(texts.acknowledged), t(texts.receipts), t(texts.progress), t(texts.key)]}>
          {data.items.map(({ key, createdAt, kind, confirmation, acknowledgedAt, receipts, progress }) => (
            <tr key={key}>
              <td>{dateTime(createdAt)}</td>
              <td>{t(texts.kinds[kind] ?? texts.kinds['alert']!)}</td>
              <td>{confirmation === null ? <Badge>{t(texts.calledOff)}</Badge> : <Badge tone={TONES[confirmation] ?? 'info'}>{t(texts.ladder[confirmation]!)}</Badge>}</td>
              <td>{acknowledgedAt === null ? '–' : dateTime(acknowledgedAt)}</td>
              <td>{number(receipts.confirmed)}{receipts.expected !== null && receipts.expected > 0 && ` / ${number(receipts.expected)}`}</td>
              <td>{progress === null ? '–' : progress.percent !== undefined ? number(progress.percent / 100, { style: 'percent' }) : `${number(progress.done ?? 0)}${progress.total === undefined ? '' : ` / ${number(progress.total)}`}`}</td>
              <td><code className="partner-key">{key}</code></td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
