import type { Words } from './words.js';

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
const two = (n: number): string => String(n).padStart(2, '0');

export const ENGLISH: Words = {
  drill: 'EXERCISE',
  drillSentence: 'This is an exercise. The data is invented, no child is missing.',
  drillInstruction: 'This is an exercise: do not call the police and do nothing. In a real case it says:',
  headline(kind, subject) {
    if ('caseNumber' in subject) return `${kind === 'found' ? 'The search has ended, case' : 'The notice has been withdrawn, case'} ${subject.caseNumber}`;
    const who = `${kind === 'update' ? 'Update: missing' : 'Missing'} ${subject.sex === 'female' ? 'girl' : 'boy'}`;
    return `${who} ${subject.name}, ${subject.age}`;
  },
  age(months) {
    if (months < 1) return 'less than a month old';
    return `${months < 12 ? count(months, 'month') : count(Math.floor(months / 12), 'year')} old`;
  },
  time: ({ year, month, day, hour, minute }) => `${day} ${MONTHS[month - 1] ?? ''} ${year} at ${two(hour)}:${two(minute)}`,
  labels: {
    height: 'Height:', build: 'Build:', hair: 'Hair:', eyes: 'Eyes:', clothing: 'Clothing:', marks: 'Distinguishing marks:', position: 'Coordinates:',
    circumstances: 'Circumstances:', companion: 'With:', vehicle: 'Vehicle:', area: 'Area:', caseNumber: 'Case number:', police: 'Police:',
  },
  seen: () => 'Last seen:',
  seenBriefly: () => 'Seen:',
  vehicle: (make, colour, plate) => `${make}, colour: ${colour}, plate: ${plate}`,
  replaces: 'This notice replaces the earlier one.',
  ended: (kind, caseNumber) => (kind === 'found'
    ? `The search in case ${caseNumber} has ended, the child has been found.`
    : `The notice in case ${caseNumber} has been withdrawn and is no longer valid.`),
  erase: 'Stop publishing and delete the photo and all data about the child.',
  thanks: 'Thank you to everyone who helped.',
  call: 'If you have seen the child or know where the child is, call the police at once:',
  instruction: (kind, telephone) => (kind === 'found' || kind === 'withdrawn'
    ? 'Stop publishing, take the notice down and delete the photo and all data about the child. Do not pass them on.'
    : `Look around you. If you have seen the child or know where the child is, call the police at once on ${telephone}. Do nothing that would put the child in danger.`),
  list: (items) => (items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`),
  country: 'All of Serbia',
  drawn: (districts) => (districts ? `Marked area: ${districts}` : 'Marked area'),
};
