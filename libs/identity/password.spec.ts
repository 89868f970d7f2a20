import { checkPassword, Passwords, SCRYPT_COST } from './password.js';

const cheap = { ln: 4, r: 8, p: 1 };

describe('a password that may be set', () => {
  it.each(['kratka 1234', 'password1234', 'Lozinka-2026!', 'ШИФРА-12345678', '123456789012', '012345678901234', 'aaaaaaaaaaaaaaa', 'abababababababab', 'mila.test.2026', 'x'.repeat(257)])('is not %j', (password) => {
    expect(() => checkPassword(password, 'mila.test')).toThrow('PASSWORD_WEAK (password)');
  });

  it.each(['plavi voz u podne', 'тиха река носи лист', 'Zmaj & 7 krošnji', 'p'.repeat(100) + 'laviv0z'])('is %j', (password) => {
    expect(() => checkPassword(password, 'mila.test')).not.toThrow();
  });
});

describe('passwords', () => {
  it('are hashed at the cost OWASP asks for, and verified', async () => {
    const passwords = new Passwords();
    const stored = await passwords.hash('plavi voz u podne');
    expect(SCRYPT_COST).toEqual({ ln: 17, r: 8, p: 1 });
    expect(stored).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await passwords.verify('plavi voz u podne', stored)).toEqual({ ok: true, rehash: false });
    // Two hashes at full cost take a second alone, and several on a machine that is busy with other tests.
  });

  it('match in every spelling of Unicode, and only then', async () => {
    const passwords = new Passwords({ cost: cheap });
    const stored = await passwords.hash('Čačak kiša i most');
    expect(await passwords.verify('Čačak kiša i most'.normalize('NFD'), stored)).toEqual({ ok: true, rehash: false });
    expect(await passwords.verify('čačak kiša i most', stored)).toEqual({ ok: false, rehash: false });
    expect(await passwords.hash('Čačak kiša i most')).not.toBe(stored);
  });

  it('ask to be hashed again after the cost was raised', async () => {
    const stored = await new Passwords({ cost: { ...cheap, ln: 3 } }).hash('plavi voz u podne');
    const passwords = new Passwords({ cost: cheap });
    expect(await passwords.verify('plavi voz u podne', stored)).toEqual({ ok: true, rehash: true });
    expect(await passwords.verify('drugi voz u podne', stored)).toEqual({ ok: false, rehash: false });
  });

  it('cost the same work when nobody has the name, and never match', async () => {
    const passwords = new Passwords({ cost: { ln: 13, r: 8, p: 1 } });
    const stored = await passwords.hash('plavi voz u podne');
    const time = async (hash: string | undefined) => {
      const began = process.cpuUsage();
      expect((await passwords.verify('drugi voz u podne', hash)).ok).toBe(false);
      return process.cpuUsage(began).user;
    };
    const median = async (hash: string | undefined) => {
      const times = [];
      for (let i = 0; i < 7; i += 1) times.push(await time(hash));
      return times.sort((a, b) => a - b)[3] as number;
    };
    // A skipped hash would cost next to nothing: a fifth tells the two apart on any machine.
    expect(await median(undefined)).toBeGreaterThan((await median(stored)) / 5);
  });

  it('are refused unread when they were not stored by us', async () => {
    await expect(new Passwords({ cost: cheap }).verify('x', '$2b$10$secret')).rejects.toThrow('a stored password is not in the scrypt form');
  });

  it('wait in line: known desks first, strangers only so many', async () => {
    const passwords = new Passwords({ cost: cheap, atOnce: 1, waiting: 2 });
    const order: string[] = [];
    const attempt = (name: string, lane: 'known' | 'stranger') => passwords.verify(name, undefined, lane).then(() => order.push(name), (error: Error) => order.push(`${name} ${error.message.split(':')[0]}`));
    await Promise.all([
      attempt('first', 'stranger'), attempt('stranger 1', 'stranger'), attempt('stranger 2', 'stranger'), attempt('stranger 3', 'stranger'), attempt('desk 1', 'known'), attempt('desk 2', 'known'),
    ]);
    expect(order).toEqual(['stranger 3 SIGN_IN_THROTTLED', 'first', 'desk 1', 'desk 2', 'stranger 1', 'stranger 2']);
    await attempt('later', 'stranger');
    expect(order.at(-1)).toBe('later');
  });
});
