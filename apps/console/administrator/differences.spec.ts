import { differences } from './differences.js';

describe('where two documents differ', () => {
  it('is told leaf by leaf, what came and what went too, in the order of their fields', () => {
    const before = { name: 'MTS', settings: { host: 'a', window: 10, audience: { kind: 'list' } }, fallbacks: [{ channel: 'email' }] };
    const after = { name: 'MTS', settings: { host: 'b', window: 10, tls: false }, fallbacks: [{ channel: 'email' }, { channel: 'webhook' }] };
    expect(differences(before, after)).toEqual([
      { path: 'settings.host', before: 'a', after: 'b' }, { path: 'settings.audience.kind', before: 'list', after: undefined },
      { path: 'settings.tls', before: undefined, after: 'false' }, { path: 'fallbacks.1.channel', before: undefined, after: 'webhook' },
    ]);
  });

  it('is nowhere where they say the same, and everywhere where there was nothing', () => {
    expect(differences({ a: { b: 1 } }, { a: { b: 1 }, c: undefined })).toEqual([]);
    expect(differences(undefined, { a: { b: null } })).toEqual([{ path: 'a.b', before: undefined, after: 'null' }]);
  });
});
