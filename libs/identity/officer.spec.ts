import type { Refusal } from '#kernel/errors.js';
import { ACTIONS, authorize, mayDo, PERMISSIONS, readOfficer, readRoles, readUserName, ROLES, type Action, type Role } from './officer.js';

const officer = (...roles: Role[]) => ({ roles, enabled: true });
/** The whole table once more, by role: what a reader of the domain would write down. */
const MAY: Record<Role, readonly Action[]> = {
  author: ['alert.read', 'alert.content', 'alert.write', 'alert.submit', 'alert.end', 'delivery.read', 'delivery.settle'],
  approver: ['alert.read', 'alert.content', 'alert.approve', 'alert.return', 'alert.reject', 'alert.end', 'alert.erase', 'delivery.read', 'delivery.settle'],
  auditor: ['alert.read', 'delivery.read', 'audit.read', 'audit.verify', 'officer.read', 'change.read', 'destination.read'],
  administrator: ['officer.read', 'change.read', 'change.decide', 'destination.read', 'destination.manage'],
  partner: ['partner.own'],
};

describe('permissions', () => {
  it.each(ROLES.flatMap((role) => ACTIONS.map((action) => [role, action] as const)))('%s, %s', (role, action) => {
    expect(mayDo(officer(role), action)).toBe(MAY[role].includes(action));
  });

  it('name every action and nothing else', () => {
    expect(Object.keys(PERMISSIONS).sort()).toEqual([...ACTIONS].sort());
  });

  it('let an auditor change nothing', () => {
    expect(MAY.auditor.every((action) => /\.(read|verify)$/.test(action))).toBe(true);
  });

  it('give nothing to nobody and nothing to the disabled', () => {
    for (const action of ACTIONS) {
      expect(mayDo(officer(), action)).toBe(false);
      expect(mayDo({ roles: [...ROLES], enabled: false }, action)).toBe(false);
    }
    expect(() => authorize(officer('author'), 'alert.approve')).toThrow('ROLE_MISSING');
    expect(() => authorize(officer('approver'), 'alert.approve')).not.toThrow();
  });
});

describe('an officer', () => {
  const good = { userName: ' Mila.Test ', displayName: 'Mila Izmišljena', roles: ['author', 'approver'] as Role[] };

  it('has a lower-case name, so that one name is one officer', () => {
    expect(readOfficer(good)).toEqual({ userName: 'mila.test', displayName: 'Mila Izmišljena', roles: ['author', 'approver'] });
    expect(readUserName('MILA.test')).toBe('mila.test');
    expect(readUserName('mila test')).toBeUndefined();
  });

  it.each([
    ['userName', { ...good, userName: 'a' }],
    ['userName', { ...good, userName: 'mila\n' + 'x' }],
    ['displayName', { ...good, displayName: 'Mila\r\nX' }],
    ['displayName', { ...good, displayName: ' ' }],
    ['roles', { ...good, roles: [] }],
    ['roles', { ...good, roles: ['author', 'author'] as Role[] }],
    ['roles', { ...good, roles: ['administrator', 'approver'] as Role[] }],
    ['roles', { ...good, roles: ['auditor', 'author'] as Role[] }],
    ['roles', { ...good, roles: ['king' as Role] }],
    ['roles', { ...good, roles: ['partner', 'author'] as Role[], destinations: ['tv-1'] }],
    ['destinations', { ...good, roles: ['partner'] as Role[] }],
    ['destinations', { ...good, roles: ['partner'] as Role[], destinations: ['tv-1', 'tv-1'] }],
    ['destinations', { ...good, destinations: ['tv-1'] }],
  ])('is refused for its %s', (field, input) => {
    const refusal = (() => { try { readOfficer(input); } catch (error) { return error as Refusal; } return undefined; })();
    expect(refusal?.faults).toEqual([{ code: 'OFFICER_INVALID', field }]);
  });

  it('keeps administration and audit apart from everything', () => {
    expect(readRoles(['administrator'])).toEqual(['administrator']);
    expect(() => readRoles(['administrator', 'auditor'])).toThrow('OFFICER_INVALID (roles)');
  });
});
