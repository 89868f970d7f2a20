import { programOf } from './memory.js';

it('calls a program by its folder, a helper by its file, and all else by the executable', () => {
  expect(programOf('/usr/bin/node --enable-source-maps /srv/findme/dist/apps/dispatcher/main.js')).toBe('dispatcher');
  expect(programOf('/usr/bin/node /srv/findme/dist/apps/findme/embedded/valkey-main.js 6379')).toBe('valkey-main');
  expect(programOf('postgres: checkpointer')).toBe('postgres');
  expect(programOf('/srv/findme/node_modules/native/bin/postgres -D data')).toBe('postgres');
});
