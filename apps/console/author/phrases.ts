import { say, type Wording } from '../language.js';

/** Phrases that come back in many cases, each written by a person in all three ways. */
export const PHRASES: Readonly<Record<string, readonly Wording[]>> = {
  'child.build': [say('sitna', 'ситна', 'slight'), say('srednja', 'средња', 'medium'), say('mršava', 'мршава', 'slim'), say('krupna', 'крупна', 'heavy')],
  'child.hair': [
    say('smeđa, kratka', 'смеђа, кратка', 'brown, short'), say('smeđa, duga', 'смеђа, дуга', 'brown, long'), say('plava, kratka', 'плава, кратка', 'fair, short'), say('plava, duga', 'плава, дуга', 'fair, long'),
    say('crna, kratka', 'црна, кратка', 'black, short'), say('crna, duga', 'црна, дуга', 'black, long'), say('riđa', 'риђа', 'red'),
  ],
  'child.eyes': [say('smeđe', 'смеђе', 'brown'), say('plave', 'плаве', 'blue'), say('zelene', 'зелене', 'green'), say('crne', 'црне', 'dark')],
  'vehicle.colour': [say('bela', 'бела', 'white'), say('crna', 'црна', 'black'), say('siva', 'сива', 'grey'), say('plava', 'плава', 'blue'), say('crvena', 'црвена', 'red')],
};
