import type { ReactNode } from 'react';
import { ageAt } from '#alerts/calendar.js';
import { LANGUAGES } from './languages.js';
import { Table } from '../design/table.js';
import { useFormat, useSay } from '../language.js';
import type { Previews } from '../previews/source.js';
import { channelName } from '../facts/words.js';
import { LANGUAGE_NAMES } from '../previews/texts.js';
import { fieldName, valueOf } from './fields.js';
import type { Alert, Review } from './source.js';
import { texts } from './texts.js';

type Content = NonNullable<NonNullable<Alert['proposal']>['content']>;

/** What this is, who wrote it, where it goes. */
export function Summary({ review, content, simplified }: { readonly review: Review; readonly content: Content | undefined; readonly simplified: Previews['area']['simplified'] | undefined }) {
  const t = useSay();
  const { date, dateTime, number } = useFormat();
  const { revision, kind, writers, submittedBy, waitingSince, validHours, contentHash, area } = review;
  return (
    <section className="card" aria-labelledby="approver-summary">
      <h2 id="approver-summary">{t(texts.summary)}</h2>
      <Facts>
        <Fact name={t(texts.kind)}>{t(texts.revision(revision, texts.kinds[kind]))}</Fact>
        <Fact name={t(texts.writers)}>{writers.map(({ displayName }) => displayName).join(', ')}</Fact>
        {submittedBy && <Fact name={t(texts.submittedBy)}>{submittedBy.displayName}{waitingSince !== null && `, ${dateTime(waitingSince)}`}</Fact>}
        <Fact name={t(texts.validFor)}>{t(texts.hours(validHours))}</Fact>
        <Fact name={t(texts.area)}>{t(area)}{simplified && <><br /><span className="muted">{t(texts.simplified(number(simplified.from), number(simplified.to)))}</span></>}</Fact>
        {contentHash !== null && (
          <Fact name={t(texts.hash)}><code>{contentHash.slice(0, 12)}</code><details><summary>{t(texts.hashWhole)}</summary><code className="approver-hash">{contentHash}</code></details></Fact>
        )}
      </Facts>
      {content && (
        <>
          <h3>{t(texts.assessment)}</h3>
          <Facts>
            <Fact name={t(fieldName('assessment.criterion'))}>{t(valueOf('assessment.criterion', content.assessment.criterion))}</Fact>
            <Fact name={t(fieldName('assessment.reason'))}>{content.assessment.reason}</Fact>
            <Fact name={t(fieldName('assessment.judgedBy'))}>{content.assessment.judgedBy}</Fact>
            <Fact name={t(fieldName('child.birthDate'))}>{date(content.child.birthDate)} {t(texts.age(ageAt(content.child.birthDate, new Date(content.lastSeen.at))))}</Fact>
          </Facts>
        </>
      )}
    </section>
  );
}

/** The photo that goes out; of the version that is shown. */
export function Photo({ path, version, content }: { readonly path: string; readonly version: number; readonly content: Content | undefined }) {
  const t = useSay();
  const photo = content?.photo;
  return (
    <section className="card approver-photo" aria-labelledby="approver-photo">
      <h2 id="approver-photo">{t(texts.photo)}</h2>
      {photo ? <img src={`${path}/photo?v=${version}`} width={photo.width} height={photo.height} alt={t(texts.photoAlt(photo.width, photo.height))} /> : <p>{t(texts.noPhoto)}</p>}
    </section>
  );
}

/** The composed words, side by side, so that both scripts are read against each other. */
export function Words({ words }: { readonly words: Previews['texts'] }) {
  const t = useSay();
  return (
    <section className="card" aria-labelledby="approver-words">
      <h2 id="approver-words">{t(texts.words)}</h2>
      <div className="approver-scripts">
        {LANGUAGES.map((language) => (
          <article key={language}>
            <h3>{t(LANGUAGE_NAMES[language])}</h3>
            <div lang={language}><p><strong>{words[language].headline}</strong></p><p className="approver-full">{words[language].full}</p><p>{words[language].instruction}</p></div>
          </article>
        ))}
      </div>
    </section>
  );
}

/** Channels with their destinations, and how many people where somebody can count them. */
export function Reach({ reach }: { readonly reach: Review['reach'] }) {
  const t = useSay();
  const { number } = useFormat();
  return (
    <section className="card" aria-labelledby="approver-reach">
      <h2 id="approver-reach">{t(texts.reach)}</h2>
      <Table labelledBy="approver-reach" head={[t(texts.channel), t(texts.destinations), t(texts.people)]}>
        {reach.channels.map(({ channel, destinations }) => (
          <tr key={channel}>
            <th scope="row">{t(channelName(channel))}</th>
            <td><details><summary>{number(destinations.length)}</summary>{destinations.map(({ name }) => name).join(', ')}</details></td>
            <td>{t(peopleOf(destinations, number))}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

/** How many people destinations reach, as far as anybody can count. */
export function peopleOf(destinations: readonly { readonly people: number | null }[], number: (n: number) => string) {
  const counted = destinations.flatMap(({ people }) => (people === null ? [] : [people]));
  if (counted.length === 0) return texts.unknown;
  const sum = number(counted.reduce((all, n) => all + n, 0));
  return counted.length === destinations.length ? { 'sr-Latn': sum, 'sr-Cyrl': sum, en: sum } : texts.atLeast(sum);
}

/** The words with which it was last given back. */
export function SentBack({ sentBack: { by, at, reason } }: { readonly sentBack: NonNullable<Review['sentBack']> }) {
  const t = useSay();
  const { dateTime } = useFormat();
  return <section className="card" aria-labelledby="approver-sent-back"><h2 id="approver-sent-back">{t(texts.sentBack)}</h2><p>{reason}</p><p className="muted">{by.displayName}, {dateTime(at)}</p></section>;
}

/** What is not as it was, field by field. */
export function Comparison({ comparison: { since, changes } }: { readonly comparison: Review['comparisons'][number] }) {
  const t = useSay();
  const { date, dateTime } = useFormat();
  const value = (field: string, text: string | null): ReactNode => {
    if (text === null) return <span className="muted">{t(texts.none)}</span>;
    return field === 'child.birthDate' ? date(text) : field === 'lastSeen.at' ? dateTime(text) : t(valueOf(field, text));
  };
  const id = `approver-since-${since}`;
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{t(texts.comparisons[since])}</h2>
      {changes.length === 0 ? <p>{t(texts.noChanges)}</p> : (
        <Table labelledBy={id} head={[t(texts.field), t(texts.before), t(texts.after)]}>
          {changes.map(({ field, before, after }) => <tr key={field}><th scope="row">{t(fieldName(field))}</th><td>{before === null ? value(field, before) : <del>{value(field, before)}</del>}</td><td>{after === null ? value(field, after) : <ins>{value(field, after)}</ins>}</td></tr>)}
        </Table>
      )}
    </section>
  );
}

export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className="approver-facts">{children}</dl>;
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}
