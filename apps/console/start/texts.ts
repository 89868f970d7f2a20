import { say } from '../language.js';

export const texts = {
  title: say('Gde radite?', 'Где радите?', 'Where do you work?'),
  drill: say('Vežba', 'Вежба', 'Drill'),
  drillText: say('Za obuku i proveru. Dva službenika su potrebna kao i uživo; ništa ne ide javnosti.', 'За обуку и проверу. Два службеника су потребна као и уживо; ништа не иде јавности.', 'For training and checks. It takes two officers as in earnest; nothing goes to the public.'),
  enterDrill: say('Uđi u vežbu', 'Уђи у вежбу', 'Enter the drill'),
  live: say('Uživo', 'Уживо', 'Live'),
  liveText: say('Stvarna obaveštenja. Ono što drugi službenik odobri odmah ide celoj zemlji.', 'Стварна обавештења. Оно што други службеник одобри одмах иде целој земљи.', 'Real alerts. What a second officer approves goes to the country at once.'),
  enterLive: say('Uđi uživo', 'Уђи уживо', 'Enter live'),
};
