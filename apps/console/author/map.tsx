import { useId, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { Toolbar } from 'react-aria-components';
import { distanceKm, DISTRICTS, type District } from '#alerts/area.js';
import { PLACES } from '#config/areas/places.js';
import { SERBIA } from '#config/areas/serbia.js';
import { Button } from '../design/button.js';
import { useLanguage, useSay } from '../language.js';
import { mapTexts } from './map-texts.js';
import { writePosition, type Position } from './reading.js';

type Ring = readonly (readonly [number, number])[];

export interface MapProps {
  readonly kind: 'point' | 'districts' | 'polygons';
  /** Where the child was last seen. */
  readonly position: Position | undefined;
  /** Districts that are chosen. */
  readonly codes?: readonly string[];
  /** What is drawn, as it goes out. */
  readonly rings?: readonly Ring[];
  /** Enter or a click at a place. */
  readonly onPlace: (at: Position, district: District | undefined) => void;
  readonly onBack?: () => void;
  readonly onNew?: () => void;
}

/** The map's plane: degrees at 44° north, 200 units a degree of latitude. */
const [WEST, NORTH, WIDTH, HEIGHT] = [18.7, 46.3, 640, 920];
const [ACROSS, UP] = [200 * Math.cos((44 * Math.PI) / 180), 200];
const planeOf = ([lon, lat]: readonly [number, number]): [x: number, y: number] => [(lon - WEST) * ACROSS, (NORTH - lat) * UP];
const earthOf = (x: number, y: number): Position => [Number((WEST + x / ACROSS).toFixed(5)), Number((NORTH - y / UP).toFixed(5))];
const pathOf = (ring: Ring): string => `M${ring.map((corner) => planeOf(corner).map((v) => v.toFixed(1)).join(' ')).join('L')}Z`;

const SHAPES = DISTRICTS.map((district) => ({ district, path: pathOf(district.polygon) }));
const OUTLINE = pathOf(SERBIA.country);
/** Towns that are named on the map, more of them the nearer it is looked at. */
const named = (zoom: number): typeof PLACES => PLACES.filter(([, , , , , people]) => people > 120_000 / zoom ** 1.5);
const MOST_ZOOM = 32;
/** A step of the crosshair in degrees, at no zoom. */
const STEP = 0.1;

/** Serbia in shapes of our own: no network, no tiles. Everything on it is done by keyboard too. */
export function SerbiaMap({ kind, position, codes = [], rings = [], onPlace, onBack, onNew }: MapProps) {
  const t = useSay();
  const { language } = useLanguage();
  const svg = useRef<SVGSVGElement>(null);
  const help = useId();
  const [at, setAt] = useState<Position>(position ?? [20.8, 44.2]);
  const [zoom, setZoom] = useState(1);
  const [told, setTold] = useState(false);
  // A place that was found by name or typed is looked at, and the crosshair goes on from there.
  const [seen, setSeen] = useState(position);
  if (position && (position[0] !== seen?.[0] || position[1] !== seen[1])) {
    setSeen(position);
    setAt(position);
    if (kind === 'point') setZoom((now) => Math.max(now, 4));
  }
  const [x, y] = planeOf(at);
  const [w, h] = [WIDTH / zoom, HEIGHT / zoom];
  const [left, top] = [Math.min(Math.max(x - w / 2, 0), WIDTH - w), Math.min(Math.max(y - h / 2, 0), HEIGHT - h)];
  const here = districtAt(at);
  const nearest = PLACES.reduce((best, place) => (distanceKm([place[2], place[3]], at) < distanceKm([best[2], best[3]], at) ? place : best));
  const put = (spot: Position): void => { onPlace(spot, districtAt(spot)); };
  const move = (dx: number, dy: number): void => {
    setTold(true);
    setAt(([lon, lat]) => [clamp(lon + dx, 18.8, 23.1), clamp(lat + dy, 41.8, 46.25)]);
  };
  const zoomBy = (factor: number): void => { setZoom((now) => clamp(now * factor, 1, MOST_ZOOM)); };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = (STEP / zoom) * (event.shiftKey ? 0.1 : 1);
    const acts: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => { move(-step * 1.4, 0); }, ArrowRight: () => { move(step * 1.4, 0); }, ArrowUp: () => { move(0, step); }, ArrowDown: () => { move(0, -step); },
      '+': () => { zoomBy(2); }, '=': () => { zoomBy(2); }, '-': () => { zoomBy(0.5); }, Enter: () => { put(at); }, ' ': () => { put(at); }, ...(onBack && { Backspace: onBack }),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const onClick = ({ clientX, clientY }: MouseEvent): void => {
    const matrix = svg.current?.getScreenCTM()?.inverse();
    if (!matrix) return;
    const spot = new DOMPoint(clientX, clientY).matrixTransform(matrix);
    const earth = earthOf(spot.x, spot.y);
    setAt(earth);
    put(earth);
  };
  const unit = 1 / zoom;
  return (
    <div className="author-map">
      <p id={help} className="muted">{t(mapTexts.keys[kind])}</p>
      <svg ref={svg} viewBox={`${left} ${top} ${w} ${h}`} role="application" aria-label={t(mapTexts.names[kind])} aria-describedby={help} tabIndex={0} onKeyDown={onKeyDown} onClick={onClick} focusable>
        <path className="author-country" d={OUTLINE} strokeWidth={2 * unit} />
        {SHAPES.map(({ district, path }) => <path key={district.code} className={`author-district${codes.includes(district.code) ? ' chosen' : ''}`} d={path} strokeWidth={unit} />)}
        {rings.map((ring, i) => <path key={i} className="author-ring" d={pathOf(ring)} strokeWidth={2 * unit} />)}
        {named(zoom).map(([latin, cyrillic, lon, lat]) => {
          const [px, py] = planeOf([lon, lat]);
          return <g key={`${latin} ${lon}`} aria-hidden="true"><circle className="author-town" cx={px} cy={py} r={2.5 * unit} /><text x={px + 5 * unit} y={py - 4 * unit} fontSize={15 * unit}>{language === 'sr-Cyrl' ? cyrillic : latin}</text></g>;
        })}
        {position && <circle className="author-seen" cx={planeOf(position)[0]} cy={planeOf(position)[1]} r={8 * unit} strokeWidth={3 * unit} />}
        <path className="author-cross" d={`M${x - 16 * unit} ${y}h${32 * unit}M${x} ${y - 16 * unit}v${32 * unit}`} strokeWidth={2 * unit} />
      </svg>
      <p role="status">{told && t(mapTexts.here(writePosition(at), here ? here.name[language] : t(mapTexts.outside), nearest[language === 'sr-Cyrl' ? 1 : 0]))}</p>
      <Toolbar className="row" aria-label={t(mapTexts.tools)}>
        <Button onPress={() => { zoomBy(2); }}>{t(mapTexts.zoomIn)}</Button>
        <Button onPress={() => { zoomBy(0.5); }}>{t(mapTexts.zoomOut)}</Button>
        {kind === 'point' && <Button onPress={() => { put(at); }}>{t(mapTexts.put)}</Button>}
        {kind === 'polygons' && <Button onPress={() => { put(at); }}>{t(mapTexts.addCorner)}</Button>}
        {onBack && <Button onPress={onBack}>{t(mapTexts.dropCorner)}</Button>}
        {onNew && <Button onPress={onNew}>{t(mapTexts.newPolygon)}</Button>}
      </Toolbar>
    </div>
  );
}

const clamp = (value: number, least: number, most: number): number => Number(Math.min(Math.max(value, least), most).toFixed(5));

/** The district a place lies in (even-odd rule). */
export function districtAt([x, y]: Position): District | undefined {
  return DISTRICTS.find(({ polygon }) => polygon.reduce((inside, [ax, ay], i) => {
    const [bx, by] = polygon[(i + 1) % polygon.length]!;
    return (ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !inside : inside;
  }, false));
}
