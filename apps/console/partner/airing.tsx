import type { PartnerAiringAnswer } from '#apps/api/partner-desk.controller.js';
import { Badge, type Tone } from '../design/notice.js';
import { Table } from '../design/table.js';
import { useFormat, useSay } from '../language.js';
import { useOf } from './own.js';
import { texts } from './texts.js';

const TONES: Readonly<Record<string, Tone>> = { aired: 'ok', due: 'info', late: 'warn', missed: 'bad', stopped: 'info' };
/** Slots in sight; the newest come first. */
const MOST = 60;

/** The slots that the rulebook asks of a broadcaster, and what became of each. */
export function Airing({ destination }: { readonly destination: string }) {
  const t = useSay();
  const { dateTime, number, duration } = useFormat();
  const { data } = useOf<PartnerAiringAnswer>(destination, 'airing');
  const slots = [...(data?.slots ?? [])].sort((a, b) => b.dueAt.localeCompare(a.dueAt)).slice(0, MOST);
  return (
    <section className="card stack" aria-labelledby="partner-airing">
      <h2 id="partner-airing">{t(texts.airing)}</h2>
      <p>{t(texts.airingText)} {data?.compliance && data.compliance.inTime !== null && `${t(texts.inTime)}: ${number(data.compliance.inTime, { style: 'percent' })}`}</p>
      {data && slots.length === 0 && <p className="muted">{t(texts.noSlots)}</p>}
      {slots.length > 0 && (
        <Table labelledBy="partner-airing" head={[t(texts.due), t(texts.state), t(texts.airedAt), t(texts.took)]}>
          {slots.map(({ deliveryId, number: n, dueAt, state, airedAt, seconds }) => (
            <tr key={`${deliveryId} ${n}`}>
              <td>{dateTime(dueAt)}</td><td><Badge tone={TONES[state] ?? 'info'}>{t(texts.slotStates[state]!)}</Badge></td>
              <td>{airedAt === null ? '–' : dateTime(airedAt)}</td><td>{seconds === null ? '–' : duration(seconds * 1_000)}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
