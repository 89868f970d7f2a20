import type { ContentInput } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import { useSay } from '../language.js';
import { PreviewTabs } from '../previews/previews.js';
import { contentSource, useContentPreviews } from '../previews/source.js';
import type { Content } from './form.js';
import { texts } from './texts.js';

/** What each channel would send of what is written now. */
export default function PreviewPanel({ mode, content }: { readonly mode: Mode; readonly content: Content }) {
  const t = useSay();
  const written = content as Partial<ContentInput>;
  const { data } = useContentPreviews(mode, written);
  return data?.previews ? <PreviewTabs previews={data.previews} source={contentSource(mode, written)} /> : <p role="status">{t(texts.noPreviews)}</p>;
}
