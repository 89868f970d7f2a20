import { say } from '../language.js';

export const mapTexts = {
  keys: {
    point: say('Strelice pomeraju nišan, Shift fino; + i - uvećavaju; Enter upisuje mesto.', 'Стрелице померају нишан, Shift фино; + и - увећавају; Enter уписује место.', 'Arrow keys move the crosshair, with Shift finely; + and - zoom; Enter puts the place there.'),
    districts: say('Okruge biraju polja za potvrdu; na mapi ih bira i klik, ili strelice i Enter.', 'Округе бирају поља за потврду; на мапи их бира и клик, или стрелице и Enter.', 'Districts are chosen by their boxes; on the map also by a click, or arrow keys and Enter.'),
    polygons: say('Strelice pomeraju nišan, Enter dodaje teme, Backspace ga uklanja.', 'Стрелице померају нишан, Enter додаје теме, Backspace га уклања.', 'Arrow keys move the crosshair, Enter adds a corner, Backspace takes it away.'),
  },
  names: {
    point: say('Mapa: mesto', 'Мапа: место', 'Map: place'), districts: say('Mapa: okruzi', 'Мапа: окрузи', 'Map: districts'), polygons: say('Mapa: područje', 'Мапа: подручје', 'Map: area'),
  },
  here: (coordinates: string, district: string, near: string) => say(`${coordinates}, ${district}; najbliže: ${near}`, `${coordinates}, ${district}; најближе: ${near}`, `${coordinates}, ${district}; nearest: ${near}`),
  outside: say('van Srbije', 'ван Србије', 'outside Serbia'),
  zoomIn: say('Uvećaj', 'Увећај', 'Zoom in'),
  zoomOut: say('Umanji', 'Умањи', 'Zoom out'),
  put: say('Upiši mesto nišana', 'Упиши место нишана', 'Put the place at the crosshair'),
  addCorner: say('Dodaj teme', 'Додај теме', 'Add a corner'),
  dropCorner: say('Ukloni poslednje teme', 'Уклони последње теме', 'Take the last corner away'),
  newPolygon: say('Novo područje', 'Ново подручје', 'Another area'),
  missing: say('Mapa nije učitana. Upišite podatke u polja; posle povratka veze otvorite nacrt ponovo.', 'Мапа није учитана. Упишите податке у поља; после повратка везе отворите нацрт поново.', 'The map could not be loaded. Use the fields; open the draft again once the connection is back.'),
};
