import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { Refused } from '../api.js';
import { Button } from '../design/button.js';
import { Notice } from '../design/notice.js';
import { useFormat, useSay } from '../language.js';
import type { Exhibit, Group, Source } from './source.js';
import { faultName, LANGUAGE_NAMES, texts } from './texts.js';

export interface ExhibitProps {
  readonly exhibit: Exhibit;
  readonly destination: Group['destinations'][number];
  readonly source: Source;
}

/** A picture, sound or document exactly as a destination gets it. */
export function ExhibitView(props: ExhibitProps) {
  const { mediaType } = props.exhibit;
  if (mediaType.startsWith('image/')) return <Picture {...props} />;
  return mediaType.startsWith('audio/') ? <Sound {...props} /> : <Document {...props} />;
}

function Picture(props: ExhibitProps) {
  const t = useSay();
  const { exhibit } = props;
  return (
    <figure className="preview-exhibit">
      <Made {...props}>{(blob) => <Shown blob={blob}>{(url) => <img src={url} alt={t(texts.picture(exhibit.name))} />}</Shown>}</Made>
      <figcaption className="muted">{exhibit.name}</figcaption>
    </figure>
  );
}

function Sound(props: ExhibitProps) {
  const t = useSay();
  const { number } = useFormat();
  const [seconds, setSeconds] = useState<number>();
  const { exhibit } = props;
  const label = `${t(texts.listen)}${exhibit.language ? ` (${t(LANGUAGE_NAMES[exhibit.language])})` : ''}`;
  return (
    <figure className="preview-exhibit">
      <figcaption>{label}{seconds !== undefined && <>. {t(texts.duration(number(seconds, { maximumFractionDigits: 1 })))}</>}</figcaption>
      <Made {...props}>{(blob) => <Shown blob={blob}>{(url) => <audio controls src={url} aria-label={label} onLoadedMetadata={({ currentTarget }) => { setSeconds(currentTarget.duration); }} />}</Shown>}</Made>
    </figure>
  );
}

/** A document is fetched when somebody opens it: some are long. */
function Document(props: ExhibitProps) {
  const t = useSay();
  const { exhibit } = props;
  const [open, setOpen] = useState(false);
  const readable = !/protobuf/.test(exhibit.mediaType);
  return (
    <details className="preview-document" onToggle={({ currentTarget }) => { setOpen(currentTarget.open); }}>
      <summary>{t(texts.document(exhibit.name))}</summary>
      {exhibit.lacks && <p className="muted">{t(exhibit.lacks === 'signature' ? texts.signatureLater : texts.linkLater)}</p>}
      {open && (
        <Made {...props}>{(blob) => (
          <>
            {readable && <Text blob={blob} label={exhibit.name} />}
            <Shown blob={blob}>{(url) => <a href={url} download={exhibit.name}>{t(texts.save(exhibit.name))}</a>}</Shown>
          </>
        )}</Made>
      )}
    </details>
  );
}

function Text({ blob, label }: { readonly blob: Blob; readonly label: string }) {
  const [text, setText] = useState('');
  useEffect(() => {
    let wanted = true;
    void blob.text().then((read) => { if (wanted) setText(read); });
    return () => { wanted = false; };
  }, [blob]);
  // Long ones scroll, and whoever has only a keyboard must be able to.
  return <pre className="preview-source" tabIndex={0} role="region" aria-label={label}>{text}</pre>;
}

/** Fetches an exhibit; says why when it cannot be had. */
function Made({ exhibit, destination, source, children }: ExhibitProps & { readonly children: (blob: Blob) => ReactNode }) {
  const t = useSay();
  const { data, error, refetch } = useQuery({
    queryKey: [...source.key, destination.id, destination.route, exhibit.name], queryFn: ({ signal }) => source.open(destination.id, destination.route, exhibit.name, signal), staleTime: Infinity, gcTime: 60_000,
  });
  if (data) return children(data);
  if (!error) return <p role="status">{t(texts.making)}</p>;
  return <Notice tone="warn"><p>{t(reasonOf(error))}</p><Button onPress={() => void refetch()}>{t(texts.again)}</Button></Notice>;
}

function reasonOf(error: unknown) {
  if (!(error instanceof Refused)) return texts.noAnswer;
  const [fault] = error.problem.faults;
  if (error.code === 'PREVIEW_MISSING') return fault?.field === 'voice' ? texts.noVoice : texts.notMade;
  return error.code === 'ALERT_STALE' ? texts.changed : faultName(error.code);
}

/** An address for a blob, taken back when it is no longer shown: it holds a child's data. */
function Shown({ blob, children }: { readonly blob: Blob; readonly children: (url: string) => ReactNode }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => { URL.revokeObjectURL(made); };
  }, [blob]);
  return url === undefined ? null : children(url);
}
