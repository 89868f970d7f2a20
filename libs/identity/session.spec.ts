import type { OfficerId } from '#kernel/ids.js';
import { ABSOLUTE_MS, hashToken, IDLE_MS, newSession, sessionEnd, sessionState, type SessionId } from './session.js';

const opened = new Date('2026-11-24T06:00:00Z');
const after = (ms: number) => new Date(opened.getTime() + ms);
const { token, session } = newSession('s' as SessionId, 'o' as OfficerId, opened);

describe('a session', () => {
  it('is known by the hash of a token of 256 bits', () => {
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(session.tokenHash).toBe(hashToken(token));
    expect(JSON.stringify(session)).not.toContain(token);
    expect(newSession('s' as SessionId, 'o' as OfficerId, opened).token).not.toBe(token);
  });

  it('is over to the millisecond after half an hour without a request', () => {
    expect(sessionState(session, after(IDLE_MS - 1))).toBe('open');
    expect(sessionState(session, after(IDLE_MS))).toBe('idle');
    expect(sessionEnd(session)).toEqual(after(IDLE_MS));
  });

  it('is over after twelve hours, however busy', () => {
    const busy = { ...session, seenAt: after(ABSOLUTE_MS - 1) };
    expect(sessionState(busy, after(ABSOLUTE_MS - 1))).toBe('open');
    expect(sessionState(busy, after(ABSOLUTE_MS))).toBe('expired');
    expect(sessionEnd(busy)).toEqual(after(ABSOLUTE_MS));
  });

  it('is over when it was ended', () => {
    expect(sessionState({ ...session, endedAt: after(1) }, after(2))).toBe('ended');
  });
});
