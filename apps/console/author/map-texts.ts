import { say } from '../language.js';

export const mapTexts = {
  keys: {
    point: say('Strelice pomeraju krstić, Shift fino; + uvećava, - umanjuje; Enter upisuje mesto.', 'Стрелице померају крстић, Shift фино; + увећава, - умањује; Enter уписује место.', 'Arrow keys move the crosshair, with Shift finely; + and - zoom; Enter puts the place there.'),
    districts: say('Okruge biraju polja za potvrdu; na mapi ih bira i klik, ili strelice i Enter.', 'Округе бирају поља за потврду; на мапи их бира и клик, или стрелице и Enter.', 'Districts are chosen by their boxes; on the map also by a click, or arrow keys and Enter.'),
    polygons: say('Strelice pomeraju krstić, Enter dodaje teme, Backspace ga uklanja.', 'Стрелице померају крстић, Enter додаје теме, Backspace га уклања.', 'Arrow keys move the crosshair, Enter adds a corner, Backspace takes it away.'),
  },
  names: {
    point: say('Mapa: mesto', 'Мапа: место', 'Map: place'), districts: say('Mapa: okruzi', 'Мапа: окрузи', 'Map: districts'), polygons: say('Mapa: područje', 'Мапа: подручје', 'Map: area'),
  },
  here: (coordinates: string, district: string, near: string) => say(`${coordinates}, ${district}; najbliže: ${near}`, `${coordinates}, ${district}; најближе: ${near}`, `${coordinates}, ${district}; nearest: ${near}`),
  outside: say('van Srbije', 'ван Србије', 'outside Serbia'),
  zoomIn: say('Uvećaj', 'Увећај', 'Zoom in'),
  zoomOut: say('Umanji', 'Умањи', 'Zoom out'),
  put: say('Upiši mesto pod krstićem', 'Упиши место под крстићем', 'Put the place at the crosshair'),
  addCorner: say('Dodaj teme', 'Додај теме', 'Add a corner'),
  dropCorner: say('Ukloni poslednje teme', 'Уклони последње теме', 'Take the last corner away'),
  newPolygon: say('Novo područje', 'Ново подручје', 'Another area'),
  missing: say('Mapa nije učitana. Upišite podatke u polja; kad se veza vrati i nacrt bude sačuvan, učitajte stranicu ponovo.', 'Мапа није учитана. Упишите податке у поља; кад се веза врати и нацрт буде сачуван, учитајте страницу поново.', 'The map could not be loaded. Use the fields; load the page again once the connection is back and the draft is saved.'),
};
