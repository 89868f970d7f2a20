import { useState } from 'react';
import { Select } from '../design/fields.js';
import { Notice } from '../design/notice.js';
import { useFormat, useSay } from '../language.js';
import { ExhibitView } from './exhibit.js';
import { Sign } from './sign.js';
import type { Group, Preview, Source } from './source.js';
import { faultName, fieldName, LANGUAGE_NAMES, texts, UNITS } from './texts.js';

/** What all destinations of a channel get that get the very same. */
export function GroupView({ group, source }: { readonly group: Group; readonly source: Source }) {
  const t = useSay();
  const { destinations, previews, exhibits } = group;
  // Their texts are the same; a document may still name its own receiver, so each can be looked at.
  const [chosen, setChosen] = useState<string>();
  const destination = destinations.find(({ id }) => id === chosen) ?? destinations[0]!;
  return (
    <section className="card preview-group">
      <details>
        <summary><strong>{t(texts.destinations(destinations.length))}</strong>: {destinations.slice(0, 3).map(({ name }) => name).join(', ')}{destinations.length > 3 && '…'}</summary>
        <ul>{destinations.map(({ id, name }) => <li key={id}>{name} <span className="muted mono">{id}</span></li>)}</ul>
      </details>
      <div className="preview-texts">{previews.map((preview, index) => <PreviewView key={`${preview.language} ${index}`} preview={preview} channel={group.channel} />)}</div>
      {previews.length === 0 && exhibits.length === 0 && <p>{t(texts.nothing)}</p>}
      {exhibits.length > 0 && destinations.length > 1 && <Select label={t(texts.shownFor)} value={destination.id} onChange={setChosen} options={destinations.map(({ id, name }) => ({ value: id, label: name }))} />}
      {exhibits.map((exhibit) => <ExhibitView key={`${destination.id} ${exhibit.name}`} exhibit={exhibit} destination={destination} source={source} />)}
    </section>
  );
}

function PreviewView({ preview, channel }: { readonly preview: Preview; readonly channel: string }) {
  const t = useSay();
  const { number } = useFormat();
  const { language, encoding, text, length, limit, unit, segments, faults, pieces = [], face, fields = {} } = preview;
  const parted = channel === 'smpp' ? texts.part : texts.page;
  // A handset joins the pieces again: they are there for whoever wants to see how it is cut.
  const handset = face === undefined && pieces.length > 0;
  return (
    <article className="preview">
      <header>
        <h4>{t(LANGUAGE_NAMES[language])}</h4>
        <p className="muted">
          {encoding} · {t(texts.ofLimit(number(length), number(limit), UNITS[unit]))}{pieces.length > 0 && <> · {t((channel === 'smpp' ? texts.segments : texts.pages)(segments))}</>}
        </p>
      </header>
      {faults.map(({ code, field, detail }) => <Notice key={`${code} ${field}`} tone="bad"><p>{t(faultName(code))}{detail !== undefined && `: ${detail}`}</p></Notice>)}
      {Object.keys(fields).length > 0 && (
        <dl className="preview-fields">{Object.entries(fields).map(([name, value]) => <div key={name}><dt>{t(fieldName(name))}</dt><dd lang={language}>{value}</dd></div>)}</dl>
      )}
      {face && (
        <>
          <p>{t(texts.sign(face.rows, face.columns))}{face.pageSeconds !== undefined && <>. {t(texts.pageSeconds(number(face.pageSeconds)))}</>}{face.signs.length > 0 && <span className="muted"> {t(texts.signs)}: {face.signs.join(', ')}</span>}</p>
          {pieces.length > 0 && <Sign face={face} pieces={pieces} />}
        </>
      )}
      {(face === undefined || pieces.length === 0) && <p className={handset ? 'preview-text preview-handset' : 'preview-text'} lang={language}>{text}</p>}
      {handset && (
        <details>
          <summary>{t(texts.pieces(parted === texts.part))}</summary>
          <ol className="preview-pieces">
            {pieces.map((piece, index) => (
              <li key={index}><span className="muted">{t(parted(index + 1, pieces.length))}</span><p lang={language}>{piece.text}</p>{piece.octets !== undefined && <code className="preview-octets">{piece.octets.replace(/(..)/g, '$1 ').trim()}</code>}</li>
            ))}
          </ol>
        </details>
      )}
    </article>
  );
}
