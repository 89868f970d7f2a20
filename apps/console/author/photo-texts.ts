import { say } from '../language.js';

export const photoTexts = {
  none: say('Još nema fotografije.', 'Још нема фотографије.', 'There is no photo yet.'),
  choose: say('Izaberi fotografiju', 'Изабери фотографију', 'Choose a photo'),
  chooseHint: say('JPEG, PNG ili WebP, najviše 10 MiB. Ide iznova kodirana: bez mesta i podataka o aparatu.', 'JPEG, PNG или WebP, највише 10 MiB. Иде изнова кодирана: без места и података о апарату.', 'JPEG, PNG or WebP, 10 MiB at most. It is encoded anew: no place and nothing about the camera goes with it.'),
  sending: say('Šalje se…', 'Шаље се…', 'Sending…'),
  alt: (width: number, height: number) => say(`Fotografija kako će biti objavljena, ${width} × ${height}`, `Фотографија како ће бити објављена, ${width} × ${height}`, `The photo as it will be published, ${width} × ${height}`),
  taken: say('Sačuvana je ovako kako se vidi.', 'Сачувана је овако како се види.', 'It is saved as you see it.'),
  remove: say('Ukloni fotografiju', 'Уклони фотографију', 'Take the photo out'),
  crop: say('Iseci', 'Исеци', 'Crop'),
  cropTitle: say('Isecanje fotografije', 'Исецање фотографије', 'Cropping the photo'),
  cropHint: say('Strelice na klizačima; broj je procenat širine ili visine.', 'Стрелице на клизачима; број је проценат ширине или висине.', 'Arrow keys on the sliders; the number is percent of width or height.'),
  edges: {
    left: say('Leva ivica', 'Лева ивица', 'Left edge'), right: say('Desna ivica', 'Десна ивица', 'Right edge'), top: say('Gornja ivica', 'Горња ивица', 'Top edge'), bottom: say('Donja ivica', 'Доња ивица', 'Bottom edge'),
  },
  useCrop: say('Sačuvaj isečeno', 'Сачувај исечено', 'Save the cut'),
  cancel: say('Odustani', 'Одустани', 'Cancel'),
};
