import fc from 'fast-check';
import smppLibrary from 'smpp';
import type { DestinationId } from '#kernel/ids.js';
import { answerOf, COMMAND, decodeDeliver, decodeQueried, decodeTaken, encodeBind, encodeCancel, encodeFrame, encodeQuery, type Frame, FrameReader, MalformedPdu, MAX_PDU } from './pdu.js';
import { readReceipt } from './receipt.js';

const HERE = 'operater-proba' as DestinationId;

/** A PDU as npm `smpp` writes it, through our frame reader. */
function fromLibrary(command: string, fields: Record<string, unknown>): Frame {
  const [frame] = new FrameReader().push(new smppLibrary.PDU(command, { sequence_number: 3, ...fields }).toBuffer());
  if (frame === undefined) throw new Error('no frame');
  return frame;
}

describe('the frame reader', () => {
  const frames = fc.array(fc.record({ command: fc.nat(0xffffffff), status: fc.nat(0xff), sequence: fc.nat(0x7fffffff), body: fc.uint8Array({ maxLength: 80, size: 'max' }) }), { maxLength: 6 });

  it('finds the same PDUs however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map((f) => encodeFrame(f.command, f.status, f.sequence, f.body)));
        const reader = new FrameReader();
        const got: Frame[] = [];
        for (let at = 0, i = 0; at < stream.length; i += 1) {
          const size = cuts[i % cuts.length] ?? 1;
          got.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(got.map((f) => ({ ...f, body: [...f.body] }))).toEqual(sent.map((f) => ({ ...f, body: [...f.body] })));
      }),
    );
  });

  it('refuses a length that lies at once, without waiting for the octets it promises', () => {
    for (const length of [0, 4, 15, MAX_PDU + 1, 0x48545450, 0xffffffff]) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(length);
      expect(() => new FrameReader().push(head)).toThrow(MalformedPdu);
    }
  });

  it('either reads or refuses any octets, and throws nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), (bytes) => {
        for (const decode of [
          () => new FrameReader().push(Buffer.from(bytes)),
          () => readReceipt(decodeDeliver(Buffer.from(bytes)), HERE),
          () => decodeTaken(answerOf(COMMAND.submitSm), Buffer.from(bytes)),
          () => decodeTaken(answerOf(COMMAND.submitMulti), Buffer.from(bytes)),
        ]) {
          try {
            decode();
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedPdu);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('bodies', () => {
  it('are read by another implementation as they were meant', () => {
    const bind = new smppLibrary.PDU(encodeFrame(COMMAND.bindTransceiver, 0, 1, encodeBind('findme', 'tajna', 'ALERT')));
    expect(bind).toMatchObject({ command: 'bind_transceiver', system_id: 'findme', password: 'tajna', system_type: 'ALERT', interface_version: 0x34, address_range: '' });
    const cancel = new smppLibrary.PDU(encodeFrame(COMMAND.cancelSm, 0, 1, encodeCancel('m-1', { address: '1920', ton: 3, npi: 0 })));
    expect(cancel).toMatchObject({ command: 'cancel_sm', message_id: 'm-1', source_addr_ton: 3, source_addr: '1920', destination_addr: '' });
  });

  it('give message_id and the destinations that were not taken', () => {
    const single = fromLibrary('submit_sm_resp', { message_id: 'abc-1' });
    expect(decodeTaken(single.command, single.body)).toEqual({ messageId: 'abc-1', unsuccessful: [] });
    const multi = fromLibrary('submit_multi_resp', { message_id: 'abc-2', unsuccess_sme: [{ destination_addr: 'SVI', error_status_code: 0x34 }] });
    expect(decodeTaken(multi.command, multi.body)).toEqual({ messageId: 'abc-2', unsuccessful: [{ address: 'SVI', status: 0x34 }] });
  });

  it('are refused when they promise more than they hold', () => {
    expect(() => decodeTaken(answerOf(COMMAND.submitSm), Buffer.from('no end'))).toThrow(MalformedPdu);
    expect(() => decodeTaken(answerOf(COMMAND.submitSm), Buffer.from('\0'))).toThrow(MalformedPdu);
    expect(() => decodeTaken(answerOf(COMMAND.submitMulti), Buffer.from('id\0\xff\x01\x01x\0', 'latin1'))).toThrow(MalformedPdu);
  });
});

describe('a delivery receipt', () => {
  const read = (fields: Record<string, unknown>) => readReceipt(decodeDeliver(fromLibrary('deliver_sm', fields).body), HERE);
  const text = (words: string) => ({ esm_class: 0x04, short_message: Buffer.from(words, 'latin1') });

  it('is read from its text', () => {
    expect(read(text('id:77a sub:001 dlvrd:001 submit date:2611241800 done date:2611241801 stat:DELIVRD err:000 text:id:x stat:UNDELIV'))).toEqual({
      kind: 'final',
      receipt: { destination: HERE, receiptKey: '77a:DELIVRD', about: { reference: '77a' }, stage: 'confirmed', word: 'DELIVRD' },
    });
    expect(read({ esm_class: 0x04, message_payload: Buffer.from('ID:77 STAT:undeliv', 'latin1'), short_message: Buffer.alloc(0) })).toMatchObject({ receipt: { stage: 'failed', word: 'UNDELIV' } });
  });

  it('is read from its parameters, which count more than the text', () => {
    const both = { ...text('id:other stat:ENROUTE'), receipted_message_id: '77b', message_state: 2 };
    expect(read(both)).toMatchObject({ kind: 'final', receipt: { about: { reference: '77b' }, stage: 'confirmed', word: 'DELIVRD' } });
  });

  it.each([
    ['DELIVRD', 'confirmed'],
    ['EXPIRED', 'failed'],
    ['DELETED', 'failed'],
    ['UNDELIV', 'failed'],
    ['REJECTD', 'failed'],
  ])('with %s is %s', (word, stage) => {
    expect(read(text(`id:1 stat:${word}`))).toMatchObject({ kind: 'final', receipt: { stage, word } });
  });

  it.each(['ENROUTE', 'ACCEPTD', 'UNKNOWN', 'NONSENSE'])('with %s is not final', (word) => {
    expect(read(text(`id:1 stat:${word}`))).toEqual({ kind: 'interim' });
  });

  it('is no receipt without its mark, and no final one when it is an intermediate notification or names nothing', () => {
    expect(read({ esm_class: 0, short_message: Buffer.from('id:1 stat:DELIVRD') })).toEqual({ kind: 'other' });
    expect(read({ ...text('id:1 stat:DELIVRD'), esm_class: 0x20 })).toEqual({ kind: 'interim' });
    expect(read(text('stat:DELIVRD'))).toEqual({ kind: 'interim' });
  });
});

describe('a question about a message', () => {
  it('names it and its source, and is answered with its state', () => {
    const asked = new smppLibrary.PDU(encodeFrame(COMMAND.querySm, 0, 7, encodeQuery('77a', { address: 'PronadjiMe', ton: 5, npi: 0 })));
    expect(asked).toMatchObject({ command: 'query_sm', message_id: '77a', source_addr_ton: 5, source_addr: 'PronadjiMe' });
    const answer = (id: string) => new smppLibrary.PDU('query_sm_resp', { message_id: id, final_date: '', message_state: 8, error_code: 0 }).toBuffer().subarray(16);
    expect(decodeQueried(answer('77a'), '77a')).toBe(8);
    expect(() => decodeQueried(answer('78'), '77a')).toThrow(MalformedPdu);
    expect(() => decodeQueried(Buffer.from('77a\0\0'), '77a')).toThrow(MalformedPdu);
  });
});
