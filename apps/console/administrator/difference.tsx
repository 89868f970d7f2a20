import type { DestinationShown } from '#apps/api/destinations.controller.js';
import { Table } from '../design/table.js';
import { useSay } from '../language.js';
import { differences } from './differences.js';
import { partnerTexts as texts } from './partner-texts.js';

/** What of a destination is proposed to be otherwise, leaf by leaf. `present` is undefined where there is none yet; `label` names the table. */
export function DestinationDifference({ present, proposed, label }: { readonly present: DestinationShown | undefined; readonly proposed: object; readonly label: string }) {
  const t = useSay();
  const changed = differences(present ? documentOf(present) : {}, proposed);
  if (changed.length === 0) return <p className="muted">{t(texts.nothing)}</p>;
  return (
    <Table label={label} head={[t(texts.field), t(texts.before), t(texts.after)]} className="administrator-difference">
      {changed.map(({ path, before, after }) => (
        <tr key={path}>
          <th scope="row"><code>{path}</code></th>
          <td>{before === undefined ? '–' : <del>{before}</del>}</td>
          <td>{after === undefined ? '–' : <ins>{after}</ins>}</td>
        </tr>
      ))}
    </Table>
  );
}

/** A destination as proposals have it. */
function documentOf({ id, name, channel, mode, settings, fallbacks }: DestinationShown): object {
  return { id, name, channel, mode, settings, ...(fallbacks.length > 0 && { fallbacks }) };
}
