import { useId, useRef, type ComponentType, type ReactNode } from 'react';
import { ageAt } from '#alerts/calendar.js';
import { Check, Choice } from '../design/fields.js';
import { useFormat, useSay } from '../language.js';
import { lazily } from '../lazily.js';
import { valueOf } from '../approver/fields.js';
import { nameOf } from './field-texts.js';
import { Suggestion, TextAt, TypedAt, useError, useForm, WordingAt } from './fields.js';
import { elementOf, put, type Content } from './form.js';
import { mapTexts } from './map-texts.js';
import { readDate, readMoment, readPosition, readWhole, writeDate, writeMoment, writePosition, type Position } from './reading.js';
import { texts } from './texts.js';

/** The chunk with the country in it. Without it everything can still be typed; it comes by itself when the line is back. */
type Atlas = typeof import('./atlas.js');
const atlas = <P extends object>(pick: (parts: Atlas) => ComponentType<P>, Missing: ComponentType = NoMap) => lazily<P>(() => import('./atlas.js').then((parts) => ({ default: pick(parts) })), Nothing, Missing);
// The map below says it for both.
const PlaceFinder = atlas((parts) => parts.PlaceFinder, Nothing);
const PointMap = atlas((parts) => parts.PointMap);
const DistrictChoice = atlas((parts) => parts.DistrictChoice);
const DrawnArea = atlas((parts) => parts.DrawnArea);

function Nothing() {
  return null;
}

function NoMap() {
  const t = useSay();
  return <p role="status">{t(mapTexts.missing)}</p>;
}

/** A part of the form under its heading. */
export function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const id = useId();
  return <section className="card stack" aria-labelledby={id}><h2 id={id}>{title}</h2>{children}</section>;
}

export function ChildPart() {
  const t = useSay();
  const { content, write } = useForm();
  const error = useError();
  const child = content.child ?? {};
  const [born, seen] = [child.birthDate, content.lastSeen?.at];
  const dated = born !== undefined && readDate(writeDate(born)) !== undefined;
  const age = dated ? ageAt(born, new Date(seen !== undefined && !Number.isNaN(Date.parse(seen)) ? seen : Date.now())) : undefined;
  const set = (path: string, value: unknown): void => { write((writing) => ({ ...writing, content: put(writing.content, path, value) })); };
  return (
    <Part title={t(texts.sections.child)}>
      <TextAt path="caseNumber" />
      <div className="author-names">
        <div><TextAt path="child.name.latin" label={t(texts.latin)} language="sr-Latn" /><Suggestion from="child.name.latin" to="child.name.cyrillic" /></div>
        <TextAt path="child.name.cyrillic" label={t(texts.cyrillic)} language="sr-Cyrl" />
      </div>
      <div className="author-short">
        <TypedAt<string> path="child.birthDate" hint={t(texts.birthHint)} read={readDate} show={writeDate} after={<span role="status">{age !== undefined && age >= 0 && t(texts.age(age))}</span>} />
        <div id={elementOf('child.sex')} tabIndex={-1}>
          <Choice label={t(texts.sex)} value={child.sex} error={error('child.sex')} onChange={(sex) => { set('child.sex', sex); }} options={(['female', 'male'] as const).map((value) => ({ value, label: t(texts.sexes[value]) }))} />
        </div>
        <TypedAt<number> path="child.heightCm" label={`${t(nameOf('child.heightCm'))} (${t(texts.optional)})`} read={readWhole} show={String} />
      </div>
      <Check id={elementOf('child.vulnerable')} label={t(texts.vulnerable)} isSelected={child.vulnerable ?? false} onChange={(is) => { set('child.vulnerable', is ? true : undefined); }} />
      {['child.build', 'child.hair', 'child.eyes'].map((path) => <WordingAt key={path} path={path} />)}
      <WordingAt path="child.clothing" long />
      <WordingAt path="child.marks" long />
    </Part>
  );
}

export function LastSeenPart() {
  const t = useSay();
  const { dateTime, duration } = useFormat();
  const { content } = useForm();
  const at = Date.parse(content.lastSeen?.at ?? '');
  return (
    <Part title={t(texts.sections.lastSeen)}>
      <TypedAt<string> path="lastSeen.at" hint={t(texts.atHint)} read={(text) => readMoment(text, Date.now())} show={writeMoment}
        after={<span role="status">{!Number.isNaN(at) && `${dateTime(at)}, ${t(texts.ago(duration(Date.now() - at)))}`}</span>} />
      <WordingAt path="lastSeen.place" optional={false} lead={<PlaceFinder />} />
      <TypedAt<Position> path="lastSeen.position" label={`${t(nameOf('lastSeen.position'))} (${t(texts.optional)})`} hint={t(texts.positionHint)} read={readPosition} show={writePosition} />
      <PointMap />
      <p className="muted">{t(texts.placesSource)}</p>
    </Part>
  );
}

export function StoryPart() {
  const t = useSay();
  return (
    <Part title={t(texts.sections.story)}>
      <WordingAt path="circumstances" long />
      <WordingAt path="companion" long />
      <div className="author-short"><TextAt path="vehicle.make" label={`${t(nameOf('vehicle.make'))} (${t(texts.optional)})`} /><TextAt path="vehicle.plate" /></div>
      <WordingAt path="vehicle.colour" />
    </Part>
  );
}

const CRITERIA = ['under_7', 'disability_or_therapy', 'suspected_abduction', 'danger_to_life_or_health'] as const;

export function AssessmentPart() {
  const t = useSay();
  const { content, write } = useForm();
  const error = useError();
  return (
    <Part title={t(texts.sections.assessment)}>
      <div id={elementOf('assessment.criterion')} tabIndex={-1}>
        <Choice label={t(nameOf('assessment.criterion'))} value={content.assessment?.criterion} error={error('assessment.criterion')}
          onChange={(criterion) => { write((writing) => ({ ...writing, content: put(writing.content, 'assessment.criterion', criterion) })); }}
          options={CRITERIA.map((value) => ({ value, label: t(valueOf('assessment.criterion', value)) }))} />
      </div>
      <TextAt path="assessment.reason" long />
      <TextAt path="assessment.judgedBy" />
    </Part>
  );
}

type Area = NonNullable<Content['area']>;
const FIRST: Readonly<Record<Area['kind'], Area>> = { country: { kind: 'country' }, districts: { kind: 'districts', codes: [] }, polygons: { kind: 'polygons', polygons: [] } };

export function AreaPart() {
  const t = useSay();
  const { content, write } = useForm();
  const error = useError();
  const { area } = content;
  // Going to another kind and back finds what was chosen there.
  const before = useRef<Partial<Record<Area['kind'], Area>>>({});
  const choose = (kind: Area['kind']): void => {
    if (area) before.current[area.kind] = area;
    write(({ content: was, unfinished: { area: _former, ...unfinished } }) => ({ unfinished, content: put(was, 'area', before.current[kind] ?? FIRST[kind]) }));
    if (kind === 'districts' && !before.current.districts) void offerOwn();
  };
  // Chosen for the first time, it begins with the district of the place; what is chosen by then stays.
  const offerOwn = async (): Promise<void> => {
    const district = content.lastSeen?.position && (await import('./atlas.js').catch(() => undefined))?.districtAt(content.lastSeen.position);
    if (district) write((writing) => (writing.content.area?.kind === 'districts' && writing.content.area.codes.length === 0 ? { ...writing, content: put(writing.content, 'area', { kind: 'districts', codes: [district.code] }) } : writing));
  };
  return (
    <Part title={t(texts.sections.area)}>
      <div id={elementOf('area.kind')} tabIndex={-1}>
        <Choice label={t(texts.areaKind)} value={area?.kind} error={error('area') ?? error('area.codes')} onChange={choose}
          options={(['country', 'districts', 'polygons'] as const).map((value) => ({ value, label: t(texts.areaKinds[value]) }))} />
      </div>
      {area?.kind === 'districts' && <DistrictChoice area={area} />}
      {area?.kind === 'polygons' && <DrawnArea area={area} />}
      <TypedAt<number> path="validHours" hint={t(texts.hoursHint)} read={readWhole} show={String} />
    </Part>
  );
}
