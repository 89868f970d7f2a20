import { useId, useMemo, useRef, useState } from 'react';
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Text, type Selection } from 'react-aria-components';
import { checkArea, DISTRICTS, districtsIn, simplifyArea } from '#alerts/area.js';
import { foldToAscii, toLatin } from '#alerts/scripts.js';
import { PLACES, type Place } from '#config/areas/places.js';
import { useLanguage, useSay } from '../language.js';
import { TypedAt, useError, useForm } from './fields.js';
import { elementOf, put, valueAt, type Content } from './form.js';
import { districtAt, SerbiaMap } from './map.js';
import { readPolygons, writePolygons, type Position } from './reading.js';
import { texts } from './texts.js';

/*
 * Everything that knows where things are: a chunk of its own, for the shapes and names of the country weigh more than the form.
 */

export { districtAt };

const keyOf = (text: string): string => foldToAscii(toLatin(text)).toLowerCase();
const KEYED = PLACES.map((place, id) => ({ id, place, key: keyOf(place[0]) }));
const MOST_FOUND = 12;

/** Finds a settlement by its name in either script, with or without diacritics. */
export function PlaceFinder() {
  const t = useSay();
  const { language } = useLanguage();
  const { write } = useForm();
  const [typed, setTyped] = useState('');
  const found = useMemo(() => {
    const asked = keyOf(typed.trim());
    if (asked === '') return [];
    const starts = KEYED.filter(({ key }) => key.startsWith(asked));
    return [...starts, ...KEYED.filter(({ key }) => !key.startsWith(asked) && key.includes(asked))].slice(0, MOST_FOUND);
  }, [typed]);
  const take = ([latin, cyrillic, lon, lat]: Place): void => {
    write(({ content, unfinished: { 'lastSeen.position': _former, ...unfinished } }) => {
      const placed = put(content, 'lastSeen.position', [lon, lat]);
      // What the officer wrote stays; a name goes only where nothing stands.
      return { unfinished, content: valueAt(content, 'lastSeen.place') === undefined ? put(placed, 'lastSeen.place', { 'sr-Latn': latin, 'sr-Cyrl': cyrillic, en: latin }) : placed };
    });
    setTyped('');
  };
  const nameIn = ([latin, cyrillic]: Place): string => (language === 'sr-Cyrl' ? cyrillic : latin);
  return (
    <ComboBox className="field" inputValue={typed} onInputChange={setTyped} items={found} selectedKey={null} allowsEmptyCollection={typed.trim() !== ''} menuTrigger="input"
      onSelectionChange={(id) => { if (id !== null) take(PLACES[Number(id)]!); }}>
      <Label>{t(texts.findPlace)}</Label>
      <Input />
      <Text slot="description" className="hint">{t(texts.findPlaceHint)}</Text>
      <Popover className="popover">
        <ListBox<(typeof KEYED)[number]> renderEmptyState={() => <p className="author-none">{t(texts.noPlace)}</p>}>
          {({ id, place }) => <ListBoxItem id={id} textValue={nameIn(place)} className="option">{nameIn(place)} <span className="muted">{DISTRICTS.find(({ code }) => code === place[4])?.name[language]}</span></ListBoxItem>}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

/** The map on which the place is put. */
export function PointMap() {
  const { content, write } = useForm();
  const position = content.lastSeen?.position;
  return <SerbiaMap kind="point" position={position} onPlace={(at) => {
    write(({ content: was, unfinished: { 'lastSeen.position': _former, ...unfinished } }) => ({ unfinished, content: put(was, 'lastSeen.position', at) }));
  }} />;
}

type Area = NonNullable<Content['area']>;

/** Districts by name and on the map. */
export function DistrictChoice({ area }: { readonly area: Extract<Area, { kind: 'districts' }> }) {
  const t = useSay();
  const { language } = useLanguage();
  const { content, write } = useForm();
  const names = useId();
  const take = (codes: readonly string[]): void => {
    const ordered = DISTRICTS.flatMap(({ code }) => (codes.includes(code) ? [code] : []));
    write((writing) => ({ ...writing, content: put(writing.content, 'area', { kind: 'districts', codes: ordered }) }));
  };
  return (
    <div className="author-where">
      <div className="stack">
        <p id={names} className="label">{t(texts.districts)} <span className="muted">{t(texts.districtsHint)}</span></p>
        <ListBox className="author-districts" aria-labelledby={names} selectionMode="multiple" layout="grid" escapeKeyBehavior="none" selectedKeys={area.codes}
          onSelectionChange={(chosen: Selection) => { take(chosen === 'all' ? DISTRICTS.map(({ code }) => code) : [...chosen].map(String)); }}>
          {DISTRICTS.map(({ code, name }) => (
            <ListBoxItem key={code} id={code} textValue={name[language]} className="choice">
              {({ isSelected }) => <><span className="mark" aria-hidden="true">{isSelected ? '✓' : ''}</span><span>{name[language]}</span></>}
            </ListBoxItem>
          ))}
        </ListBox>
        <p role="status" className="visually-hidden">{t(texts.covers(DISTRICTS.flatMap(({ code, name }) => (area.codes.includes(code) ? [name[language]] : [])).join(', ')))}</p>
      </div>
      <SerbiaMap kind="districts" position={content.lastSeen?.position} codes={area.codes} onPlace={(_, district) => {
        if (district) take(area.codes.includes(district.code) ? area.codes.filter((code) => code !== district.code) : [...area.codes, district.code]);
      }} />
    </div>
  );
}

/** An area drawn on the map or typed corner by corner, and what of it goes out. */
export function DrawnArea({ area }: { readonly area: Extract<Area, { kind: 'polygons' }> }) {
  const t = useSay();
  const { language } = useLanguage();
  const { content, write } = useForm();
  const error = useError();
  // A corner that is added after this begins another polygon.
  const next = useRef(false);
  const polygons = area.polygons as Position[][];
  const draw = (now: readonly Position[][]): void => {
    write(({ content: was, unfinished: { area: _former, ...unfinished } }) => ({ unfinished, content: put(was, 'area', { kind: 'polygons', polygons: now.filter((ring) => ring.length > 0) }) }));
  };
  const sound = polygons.length > 0 && polygons.every((ring) => ring.length >= 3) && checkArea(area).length === 0;
  const out = sound ? simplifyArea(area) : undefined;
  const rings = out?.area.kind === 'polygons' ? out.area.polygons : polygons;
  return (
    <div className="author-where">
      <div className="stack">
        <TypedAt<Position[][]> path="area" label={t(texts.corners)} hint={t(texts.cornersHint)} long read={readPolygons} show={(value) => writePolygons(polygonsIn(value))} wrap={(value) => ({ kind: 'polygons', polygons: value ?? [] })} />
        {error('area.polygons') !== undefined && <p className="field-error" id={elementOf('area.polygons')} tabIndex={-1}>{error('area.polygons')}</p>}
        <div role="status">
          {out?.simplified && <p>{t(texts.simplified(out.simplified.from, out.simplified.to))}</p>}
          {sound && <p>{t(texts.covers(districtsIn(area).map(({ name }) => name[language]).join(', ')))}</p>}
        </div>
      </div>
      <SerbiaMap kind="polygons" position={content.lastSeen?.position} rings={rings}
        onPlace={(at) => {
          const last = polygons.at(-1);
          draw(last && !next.current ? [...polygons.slice(0, -1), [...last, at]] : [...polygons, [at]]);
          next.current = false;
        }}
        onBack={() => { draw([...polygons.slice(0, -1), polygons.at(-1)?.slice(0, -1) ?? []]); }}
        onNew={() => { next.current = true; }} />
    </div>
  );
}

/** The polygons in what stands at `area`, which may be the whole area. */
const polygonsIn = (value: unknown): Position[][] => (Array.isArray(value) ? (value as Position[][]) : ((value as { polygons?: Position[][] }).polygons ?? []));
