import { useEffect, useId, useRef, useState } from 'react';
import { FileTrigger } from 'react-aria-components';
import type { Mode } from '#alerts/notice.js';
import { readBlob, Refused, Unreachable } from '../api.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { Notice } from '../design/notice.js';
import { useFormat, useSay, type Wording } from '../language.js';
import { useSession } from '../session.js';
import { photoFault } from './field-texts.js';
import { elementOf } from './form.js';
import { useKept, type Keeper } from './keeper.js';
import { photoTexts } from './photo-texts.js';
import { texts } from './texts.js';

/** The photo: chosen, sent, and shown as it came back, which is how it goes out. */
export function PhotoPart({ mode, keeper }: { readonly mode: Mode; readonly keeper: Keeper }) {
  const t = useSay();
  const { sessionLost } = useSession();
  const { draft: { id, photo } } = useKept(keeper);
  const [sending, setSending] = useState(false);
  const [wrong, setWrong] = useState<Wording>();
  const [cropping, setCropping] = useState<Blob>();
  const path = `/v1/${mode}/drafts/${id}/photo`;
  const send = async (picture: Blob | undefined): Promise<void> => {
    setCropping(undefined);
    setSending(true);
    setWrong(undefined);
    try {
      await keeper.photo(picture);
    } catch (error) {
      if (error instanceof Refused && error.code === 'SESSION_MISSING') sessionLost();
      setWrong(error instanceof Unreachable ? texts.unreachable : photoFault(error instanceof Refused ? error.code : ''));
    } finally {
      setSending(false);
    }
  };
  const crop = async (): Promise<void> => {
    try {
      setCropping(await readBlob(path));
    } catch {
      setWrong(texts.unreachable);
    }
  };
  return (
    <div className="stack" id={elementOf('photo')} tabIndex={-1}>
      {photo ? <img className="author-photo" src={`${path}?${photo.sha256.slice(0, 12)}`} width={photo.width} height={photo.height} alt={t(photoTexts.alt(photo.width, photo.height))} /> : <p>{t(photoTexts.none)}</p>}
      <div role="status">{sending ? <p>{t(photoTexts.sending)}</p> : photo && wrong === undefined && <p>{t(photoTexts.taken)}</p>}</div>
      <div role="alert">{wrong && <Notice tone="bad"><p>{t(wrong)}</p></Notice>}</div>
      <p className="muted">{t(photoTexts.chooseHint)}</p>
      <div className="row">
        <FileTrigger acceptedFileTypes={['image/jpeg', 'image/png', 'image/webp']} onSelect={(files) => {
          const file = files?.[0];
          // What the file is, the server finds out; it is only told that a picture is meant.
          if (file) void send(file.type.startsWith('image/') ? file : new Blob([file], { type: 'image/jpeg' }));
        }}><Button isPending={sending}>{t(photoTexts.choose)}</Button></FileTrigger>
        {photo && <Button isPending={sending} onPress={() => void crop()}>{t(photoTexts.crop)}</Button>}
        {photo && <Button kind="quiet" isPending={sending} onPress={() => void send(undefined)}>{t(photoTexts.remove)}</Button>}
      </div>
      <Dialog title={t(photoTexts.cropTitle)} isOpen={cropping !== undefined} onClose={() => { setCropping(undefined); }}>
        {cropping && <Crop picture={cropping} onDone={(cut) => void send(cut)} onCancel={() => { setCropping(undefined); }} />}
      </Dialog>
    </div>
  );
}

type Edge = 'left' | 'right' | 'top' | 'bottom';
const EDGES: readonly Edge[] = ['left', 'right', 'top', 'bottom'];
/** What is left between two edges, in percent. */
const LEAST = 10;

/** Cuts by four edges, each a slider, drawn on the picture as they move. */
function Crop({ picture, onDone, onCancel }: { readonly picture: Blob; readonly onDone: (cut: Blob) => void; readonly onCancel: () => void }) {
  const t = useSay();
  const { number } = useFormat();
  const id = useId();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [bitmap, setBitmap] = useState<ImageBitmap>();
  const [edges, setEdges] = useState<Readonly<Record<Edge, number>>>({ left: 0, right: 100, top: 0, bottom: 100 });
  useEffect(() => {
    let alive = true;
    void createImageBitmap(picture).then((made) => { if (alive) setBitmap(made); });
    return () => { alive = false; };
  }, [picture]);
  useEffect(() => {
    const sheet = canvas.current?.getContext('2d');
    if (!sheet || !bitmap) return;
    const { x, y, w, h } = cutOf(bitmap, edges);
    sheet.canvas.width = bitmap.width;
    sheet.canvas.height = bitmap.height;
    sheet.globalAlpha = 0.3;
    sheet.drawImage(bitmap, 0, 0);
    sheet.globalAlpha = 1;
    sheet.drawImage(bitmap, x, y, w, h, x, y, w, h);
  }, [bitmap, edges]);
  const move = (edge: Edge, to: number): void => {
    setEdges((now) => ({ ...now, [edge]: edge === 'left' ? Math.min(to, now.right - LEAST) : edge === 'right' ? Math.max(to, now.left + LEAST) : edge === 'top' ? Math.min(to, now.bottom - LEAST) : Math.max(to, now.top + LEAST) }));
  };
  const cut = async (): Promise<void> => {
    if (!bitmap) return;
    const { x, y, w, h } = cutOf(bitmap, edges);
    const sheet = new OffscreenCanvas(w, h);
    sheet.getContext('2d')!.drawImage(bitmap, x, y, w, h, 0, 0, w, h);
    onDone(await sheet.convertToBlob({ type: 'image/jpeg', quality: 0.95 }));
  };
  return (
    <>
      <canvas ref={canvas} className="author-crop" role="img" aria-label={t(photoTexts.cropTitle)} />
      <p className="muted">{t(photoTexts.cropHint)}</p>
      <div className="pair">
        {EDGES.map((edge) => (
          <div key={edge} className="field">
            <label htmlFor={`${id}-${edge}`}>{t(photoTexts.edges[edge])}: {number(edges[edge])} %</label>
            <input id={`${id}-${edge}`} type="range" min={0} max={100} value={edges[edge]} onChange={(event) => { move(edge, Number(event.target.value)); }} />
          </div>
        ))}
      </div>
      <div className="actions">
        <Button kind="primary" isDisabled={!bitmap} onPress={() => void cut()}>{t(photoTexts.useCrop)}</Button>
        <Button onPress={onCancel}>{t(photoTexts.cancel)}</Button>
      </div>
    </>
  );
}

function cutOf({ width, height }: ImageBitmap, { left, right, top, bottom }: Readonly<Record<Edge, number>>): { x: number; y: number; w: number; h: number } {
  const [x, y] = [Math.round((width * left) / 100), Math.round((height * top) / 100)];
  return { x, y, w: Math.max(1, Math.round((width * right) / 100) - x), h: Math.max(1, Math.round((height * bottom) / 100) - y) };
}
