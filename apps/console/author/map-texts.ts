import { say } from '../language.js';

export const mapTexts = {
  tools: say('Alati mape', 'Алати мапе', 'Map tools'),
  keys: {
    point: say('Strelice pomeraju krstić, Shift fino; + uvećava, - umanjuje; Enter upisuje mesto.', 'Стрелице померају крстић, Shift фино; + увећава, - умањује; Enter уписује место.', 'Arrow keys move the crosshair, with Shift finely; + and - zoom; Enter puts the place there.'),
    districts: say('Okrug se bira na spisku; na mapi klikom, ili strelicama i tasterom Enter.', 'Округ се бира на списку; на мапи кликом, или стрелицама и тастером Enter.', 'A district is chosen in the list; on the map by a click, or arrow keys and Enter.'),
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
  missing: say('Mapa nije učitana: nema veze. Upišite podatke u polja; mapa dolazi sama kad se veza vrati.', 'Мапа није учитана: нема везе. Упишите податке у поља; мапа долази сама кад се веза врати.', 'The map could not be loaded: there is no connection. Use the fields; it comes by itself once the connection is back.'),
};
