import { toLatin } from './scripts.js';
import type { Words } from './words.js';

/** 1 година, 2-4 године, 5 and more година; the teens count as many. */
function count(n: number, one: string, few: string, many: string): string {
  const teen = n % 100 > 10 && n % 100 < 20;
  if (!teen && n % 10 === 1) return `${n} ${one}`;
  return `${n} ${!teen && n % 10 > 1 && n % 10 < 5 ? few : many}`;
}

const two = (n: number): string => String(n).padStart(2, '0');

/**
 * Serbian in one of its scripts. The phrases are written once, in Cyrillic, from which Latin follows without doubt; what
 * officers wrote passes through as it is.
 */
function serbian(write: (cyrillic: string) => string): Words {
  const label = (cyrillic: string): string => write(`${cyrillic}:`);
  return {
    drill: write('ВЕЖБА'),
    drillSentence: write('Ово је вежба. Подаци су измишљени, ниједно дете није нестало.'),
    drillInstruction: write('Ово је вежба: не зовите полицију и не предузимајте ништа. У стварном случају пише:'),
    headline(kind, subject) {
      if ('caseNumber' in subject) return `${write(kind === 'found' ? 'Потрага је завршена, предмет' : 'Обавештење је повучено, предмет')} ${subject.caseNumber}`;
      const who = subject.sex === 'female' ? 'нестала девојчица' : 'нестао дечак';
      const opening = kind === 'update' ? `Допуна: ${who}` : who.charAt(0).toUpperCase() + who.slice(1);
      return `${write(opening)} ${subject.name}, ${subject.age}`;
    },
    age(months) {
      if (months < 1) return write('мање од месец дана');
      return write(months < 12 ? count(months, 'месец', 'месеца', 'месеци') : count(Math.floor(months / 12), 'година', 'године', 'година'));
    },
    time: ({ year, month, day, hour, minute }) => `${day}.${month}.${year}. ${write('у')} ${hour}.${two(minute)}`,
    labels: {
      height: label('Висина'), build: label('Грађа'), hair: label('Коса'), eyes: label('Очи'), clothing: label('Одећа'), marks: label('Посебна обележја'),
      position: label('Координате'), circumstances: label('Околности'), companion: label('Пратња'), vehicle: label('Возило'), area: label('Подручје'),
      caseNumber: label('Број предмета'), police: label('Полиција'),
    },
    seen: (sex) => label(sex === 'female' ? 'Последњи пут виђена' : 'Последњи пут виђен'),
    seenBriefly: (sex) => label(sex === 'female' ? 'Виђена' : 'Виђен'),
    vehicle: (make, colour, plate) => `${make}, ${write('боја:')} ${colour}, ${write('таблице:')} ${plate}`,
    replaces: write('Ово обавештење замењује раније.'),
    ended: (kind, caseNumber) => (kind === 'found'
      ? `${write('Потрага по предмету')} ${caseNumber} ${write('је завршена, дете је пронађено.')}`
      : `${write('Обавештење по предмету')} ${caseNumber} ${write('је повучено и више не важи.')}`),
    erase: write('Обуставите објављивање и обришите фотографију и све податке о детету.'),
    thanks: write('Хвала свима који су помогли.'),
    call: write('Ако сте видели дете или знате где је, одмах позовите полицију:'),
    instruction: (kind, telephone) => (kind === 'found' || kind === 'withdrawn'
      ? write('Обуставите објављивање, уклоните обавештење и обришите фотографију и све податке о детету. Не преносите их даље.')
      : `${write('Обратите пажњу на своју околину. Ако сте видели дете или знате где је, одмах позовите полицију на')} ${telephone}. ${write('Не предузимајте ништа што би дете довело у опасност.')}`),
    list: (items) => (items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${write('и')} ${items.at(-1)}`),
    country: write('Цела Србија'),
    drawn: (districts) => (districts ? `${write('Означено подручје:')} ${districts}` : write('Означено подручје')),
  };
}

export const SERBIAN_CYRILLIC: Words = serbian((cyrillic) => cyrillic);
export const SERBIAN_LATIN: Words = serbian(toLatin);
