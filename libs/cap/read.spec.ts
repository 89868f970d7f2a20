import { Refusal } from '#kernel/errors.js';
import { readCap } from './read.js';

const ack = (change: (xml: string) => string = (x) => x) => change(
  '<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>ack-1</identifier><sender>tv@example.rs</sender>' +
  '<sent>2026-11-24T18:00:01+01:00</sent><status>Exercise</status><msgType>Ack</msgType><scope>Private</scope><note>ok</note>' +
  '<references>findme@example.rs,one,2026-11-24T18:00:00+01:00\n findme@example.rs,two,2026-11-24T18:00:00+01:00</references></alert>',
);
const codeOf = (xml: string | Uint8Array, limits = {}): string => {
  try {
    readCap(xml, limits);
    return 'none';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
};

describe('reading CAP', () => {
  it('gives an acknowledgement as a typed value', () => {
    expect(readCap(ack())).toEqual({
      identifier: 'ack-1', sender: 'tv@example.rs', sent: '2026-11-24T18:00:01+01:00', status: 'Exercise', msgType: 'Ack', scope: 'Private', note: 'ok', infos: [],
      references: [{ sender: 'findme@example.rs', identifier: 'one', sent: '2026-11-24T18:00:00+01:00' }, { sender: 'findme@example.rs', identifier: 'two', sent: '2026-11-24T18:00:00+01:00' }],
    });
    expect(readCap(Buffer.from(ack())).identifier).toBe('ack-1');
    expect(readCap(ack((x) => x.replaceAll(/<(\/?)(?=[a-z])/gi, '<$1c:').replace('xmlns=', 'xmlns:c='))).identifier).toBe('ack-1');
  });

  it('refuses a DOCTYPE before anything in it is read', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>';
    expect(codeOf(ack((x) => x.replace('<alert', `${bomb}<alert`)))).toBe('XML_DOCTYPE');
    expect(codeOf(ack((x) => x.replace('<alert', '<!doctype alert SYSTEM "file:///etc/passwd"><alert')))).toBe('XML_DOCTYPE');
  });

  it('refuses what is too large, measured in octets', () => {
    expect(codeOf(ack((x) => x.replace('ok', 'x'.repeat(1024 * 1024))))).toBe('XML_TOO_LARGE');
    expect(codeOf(ack(), { maxBytes: 100 })).toBe('XML_TOO_LARGE');
    expect(codeOf('ж'.repeat(60), { maxBytes: 100 })).toBe('XML_TOO_LARGE');
  });

  it.each([
    ['nothing', ''],
    ['plain words', 'OK'],
    ['JSON', '{"status":"ok"}'],
    ['an open element', ack().replace('</alert>', '')],
    ['a second root', `${ack()}<alert/>`],
    ['an unknown entity', ack((x) => x.replace('ok', '&nbsp;'))],
    ['a control character', ack((x) => x.replace('ok', 'o\u0000k'))],
    ['another namespace', ack((x) => x.replace('cap:1.2', 'cap:1.1'))],
    ['another element', ack().replaceAll('alert', 'alarm')],
    ['an unknown message type', ack((x) => x.replace('>Ack<', '>Okay<'))],
    ['no identifier', ack((x) => x.replace('<identifier>ack-1</identifier>', ''))],
    ['two identifiers', ack((x) => x.replace('<identifier>', '<identifier>other</identifier><identifier>'))],
    ['an identifier of elements', ack((x) => x.replace('ack-1', '<b>ack-1</b>'))],
    ['a time with a fraction', ack((x) => x.replace('18:00:01+', '18:00:01.5+'))],
    ['a time that is none', ack((x) => x.replace('2026-11-24T18:00:01', '2026-13-24T18:00:01'))],
    ['a broken reference', ack((x) => x.replace('findme@example.rs,one', 'one'))],
    ['a thousand levels', ack((x) => x.replace('</alert>', `${'<a>'.repeat(1000)}${'</a>'.repeat(1000)}</alert>`))],
    ['a thousand levels whose tags look empty', ack((x) => x.replace('</alert>', `${'<a b="/>">'.repeat(1000)}${'</a>'.repeat(1000)}</alert>`))],
    ['an open comment', ack((x) => x.replace('</alert>', '<!-- </alert>'))],
  ])('refuses %s', (_name, xml) => {
    expect(codeOf(xml)).toBe('XML_INVALID');
  });

  it('reads what only looks deep', () => {
    const tags = '<a>'.repeat(100);
    expect(readCap(ack((x) => x.replace('</alert>', `<!-- ${tags} --><![CDATA[${tags}]]><?p ${tags} ?>${'<a/>'.repeat(100)}${'<a b="x > y"></a>'.repeat(100)}</alert>`))).identifier).toBe('ack-1');
  });

  it.each([
    ['open brackets', '<'.repeat(1_000_000)],
    ['open comments', '<!--'.repeat(250_000)],
    ['open sections', '<![CDATA['.repeat(110_000)],
    ['open quotes', '<a b="'.repeat(170_000)],
    ['nested namespaces', `<r>${'<a xmlns:b="c">'.repeat(60_000)}`],
  ])('is done with a megabyte of %s at once', (_name, xml) => {
    const start = performance.now();
    expect(codeOf(xml)).toBe('XML_INVALID');
    // In one pass it takes milliseconds; a pass for each character takes minutes.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('refuses octets that are no UTF-8', () => {
    expect(codeOf(Buffer.from(ack(), 'utf16le'))).toBe('XML_INVALID');
    expect(codeOf(Buffer.concat([Buffer.from(ack()), Buffer.from([0xff])]))).toBe('XML_INVALID');
  });

  it('never repeats the input in its refusal', () => {
    expect(() => readCap('<Kanarinka>')).toThrow(expect.objectContaining({ message: expect.not.stringContaining('Kanarinka') }));
  });
});
