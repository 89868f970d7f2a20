import { createPrivateKey } from 'node:crypto';
import type { ShownPreviews } from '#apps/api/previews-shown.js';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { sha256Hex } from '#kernel/canonical.js';
import { signCap } from '#cap/sign.js';
import type { CanonicalCap } from '#cap/write.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  stack = await startStack({
    destinations: [
      { id: 'cells', name: 'Ćelije', channel: 'cell-broadcast', mode: 'drill', simulated: true, settings: { driver: 'osmo-cbc', host: '127.0.0.1', port: await freePort(), languages: ['sr-Latn', 'en'], scope: 'plmn' } },
      { id: 'sign', name: 'Znak', channel: 'ntcip-sign', mode: 'drill', simulated: true, settings: { host: '127.0.0.1', port: await freePort(), access: { version: 'v2c', community: 'sign-password' }, rows: 4, columns: 20, maxPages: 4 } },
    ],
  });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(() => stack.stop());

const groupOf = ({ channels }: ShownPreviews, id: string) => channels.find(({ destinations }) => destinations.some((destination) => destination.id === id))!;
/** Hashes of all that a partner took. */
const taken = async (id: string, count: number): Promise<string[]> => (await stack.partner(id).waitFor((ledger) => ledger.length >= count)).map(({ sha256 }) => sha256);

describe('what an approver is shown', () => {
  it('is, octet for octet, what SMS, cell broadcast, a sign and a broadcaster get', async () => {
    const story = await (await Story.written(author)).submitted();
    const shown = await approver.get<ShownPreviews>(`${story.path}/previews`);
    expect(shown.contentHash).toBe(story.alert.proposal!.contentHash);
    const beforehand = await (await approver.send('GET', `${story.path}/previews/tv-1/0/cap.xml`)).text();
    await story.approved(approver);

    // SMS: the parts joined are what the operator wrote down of one whole message.
    const [sms] = groupOf(shown, 'operator-list').previews;
    expect(await taken('operator-list', 1)).toEqual([sha256Hex(Buffer.concat(sms!.pieces!.map(({ octets }) => Buffer.from(octets!, 'hex').subarray(6))).swap16().toString('utf16le'))]);

    // Cell broadcast: the very pages, in a message of which only the number of broadcasts depends on the moment.
    const pages = groupOf(shown, 'cells').previews;
    const cells = new Set(await taken('cells', 2));
    expect(pages).toHaveLength(2);
    for (const { pieces, fields, encoding } of pages) {
      const body = (broadcasts: number) => sha256Hex(Buffer.from(JSON.stringify({
        cbe_name: 'find-me', category: 'high_priority', repetition_period: 32, num_of_bcast: broadcasts, scope: { scope_plmn: {} },
        smscb_message: {
          message_id: Number(fields!['message identifier']), serial_nr: { serial_nr_encoded: Number(fields!['serial number']) },
          payload: { payload_encoded: { dcs: encoding === 'GSM-7' ? 0x0f : 0x48, pages: pieces!.map(({ octets }) => octets) } },
        },
      })));
      expect(Array.from({ length: 1_500 }, (_, broadcasts) => body(broadcasts)).filter((hash) => cells.has(hash))).toHaveLength(1);
    }

    // A sign: the text with its pages, as it reads back.
    const [sign] = groupOf(shown, 'sign').previews;
    expect(await taken('sign', 1)).toEqual([sha256Hex(sign!.fields!['MULTI']!)]);
    expect(sign!.pieces!.map(({ text }) => text.replaceAll('\n', '[nl]')).join('[np]')).toBe(sign!.fields!['MULTI']!.replace(/^(?:\[(?:pt\d+o0|jp3|jl3)\])*/, ''));

    // CAP: what was shown beforehand has all but the times of the approval, and what is shown afterwards only lacks the signature.
    const afterwards = await (await approver.send('GET', `${story.path}/previews/tv-1/0/cap.xml`)).text();
    const timeless = (cap: string) => cap.replace(/<(sent|expires|effective|onset)>[^<]+</g, '<$1><');
    expect(timeless(beforehand)).toBe(timeless(afterwards));
    const seal = { key: createPrivateKey(stack.secret('drill-cap-signing-key')), certificate: stack.secret('drill-cap-signing-certificate') };
    expect(await taken('tv-1', 1)).toEqual([sha256Hex(signCap(afterwards as CanonicalCap, seal))]);
  });
});
