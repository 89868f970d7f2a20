import type { ShownDraft } from '#apps/api/draft-shown.js';
import type { ContentInput } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { Notice } from '../design/notice.js';
import { useSay } from '../language.js';
import { PreviewTabs } from '../previews/previews.js';
import { contentSource, useContentPreviews } from '../previews/source.js';
import type { Content } from './form.js';
import { texts } from './texts.js';

export interface PreviewPanelProps {
  readonly mode: Mode;
  /** The draft that keeps the photo. */
  readonly draft: ShownDraft['id'];
  readonly photo: ShownDraft['photo'];
  readonly content: Content;
}

/** What each channel would send of what is written now, with the photo that is with the draft. */
export default function PreviewPanel({ mode, draft, photo, content }: PreviewPanelProps) {
  const t = useSay();
  const written = { ...content, ...(photo && { photo }) } as Partial<ContentInput>;
  const { data, error, isPending } = useContentPreviews(mode, written);
  if (isPending && !error) return <p role="status">{t(texts.loading)}</p>;
  if (!data?.previews) return <p role="status">{t(error ? texts.previewsUnanswered : texts.noPreviews)}</p>;
  return (
    <>
      <div role="status">{error && <Notice tone="warn"><p>{t(texts.previewsOld)}</p></Notice>}</div>
      <PreviewTabs previews={data.previews} source={contentSource(mode, draft, written)} />
    </>
  );
}
