import assert from 'node:assert/strict';
import type { Message, Outcome, Preview } from '../channel.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Texts } from '#alerts/notice.js';
import type { ContractHarness } from './contract.js';
import { describeOutcome, eventually, patient, pause, Rehearsal, SOON_MS, within } from './contract-stage.js';
import type { Faults } from './fake-partner.js';
import { sampleEnding, sampleNotice } from './sample-notice.js';

/** One rule of the contract as a sentence and a run that rejects when the channel breaks it. */
export interface ContractCheck {
  readonly sentence: string;
  run(): Promise<void>;
}

type Rule<S> = (r: Rehearsal<S>) => Promise<void>;

/** Every rule that applies to the channel, as plain functions: so that the kit itself can be tested. */
export function contractChecks<S>(harness: ContractHarness<S>): readonly ContractCheck[] {
  const on = (sentence: string, rule: Rule<S>): ContractCheck => ({ sentence, run: () => Rehearsal.run(harness, rule) });
  const perMessage = harness.entriesPerMessage ?? 1;
  return [
    on('refuses settings that are none, and reads its own settings again unchanged', readsSettings),
    on('previews exactly what it sends, and finds no fault in a proper notice', previewsExactly),
    on('tells in the preview that a text is too long or cannot be encoded, and never shortens it', previewsFaults),
    ...(harness.channel.exhibits ? [on('makes every exhibit that it names, each under a name of its own', makesExhibits)] : []),
    on('publishes once: accepted, and one entry under our key in the partner\'s ledger', (r) => publishesOnce(r, perMessage)),
    on('gives each of several messages at once its own answer', (r) => publishesSeveral(r, perMessage)),
    on('has one effect for the same key twice, or says that a person must be asked', (r) => repeatsSafely(r, perMessage)),
    on('hands over as many confirmations as it promised', confirms),
    on('gives a repeated receipt the same key', recognisesRepeatedReceipts),
    ...(harness.forgeReceipt ? [on('rejects a forged receipt', rejectsForgery)] : []),
    on('sends nothing when aborted beforehand: deferred', abortsBefore),
    on('ends a hanging call at its signal: uncertain', abortsWhileHanging),
    ...(harness.hurries ? [] : [on('waits for a slow answer: accepted', waitsForSlow)]),
    on('takes a passing error for deferred', (r) => answers(r, { error: true }, ['deferred'], 0)),
    on('takes a lasting error for refused', (r) => answers(r, { refuse: true }, ['refused'], 0)),
    on('takes "slow down" for deferred', (r) => answers(r, { throttle: true }, ['deferred'], 0)),
    on('takes a connection that closes on the message for uncertain', (r) => answers(r, { reset: true }, ['uncertain'], 0)),
    on('takes a lost acknowledgement for uncertain', (r) => answers(r, { loseAcknowledgement: true }, ['uncertain'], perMessage)),
    on('takes rubbish for uncertain or refused, never for accepted', (r) => answers(r, { rubbish: true }, ['uncertain', 'refused'])),
    ...(harness.breaksOff ? [
      on('takes an answer that breaks off for uncertain', (r) => answers(r, { truncate: true }, ['uncertain'], perMessage)),
      on("is well again after the partner's truncate has passed", (r) => recovers(r, { truncate: true })),
      ...(harness.breaksOff === 'datagrams' ? [] : [on('ends a trickling answer at its signal: uncertain', abortsWhileTrickling)]),
    ] : []),
    ...(['error', 'refuse', 'reset', 'loseAcknowledgement', 'rubbish'] as const).map((fault) =>
      on(`is well again after the partner's ${fault} has passed`, (r) => recovers(r, { [fault]: true })),
    ),
    on('takes a withdrawal to the partner, or refuses it in words', withdraws),
    on('withdraws while an earlier publication hangs, without waiting for it', withdrawsPastHanging),
    on('probes without publishing, and tells well from not well', probes),
    on('opens although the partner is away, defers, and publishes once it is there', waitsForPartner),
    on('closes and leaves nothing open', closes),
  ];
}

async function readsSettings<S>(r: Rehearsal<S>): Promise<void> {
  const { settings } = r.harness.channel;
  for (const rubbish of [undefined, null, 'rubbish', 42, [], {}, ...(r.harness.wrongSettings ?? [])]) {
    assert.equal(settings.safeParse(rubbish).success, false, `settings ${JSON.stringify(rubbish)} are refused`);
  }
  assert.deepEqual(settings.parse(r.destination.settings), r.destination.settings, 'settings that were read can be read again');
  assert.ok(r.harness.channel.parts(r.destination.settings) >= 1);
}

const previewOf = <S>(r: Rehearsal<S>, texts?: Record<Language, Texts>): readonly Preview[] =>
  // The texts are set past the hash: a text that has no canonical form has no hash either, but must be told of.
  r.harness.channel.preview({ ...sampleNotice({ mode: r.destination.mode }), ...(texts && { texts }) }, r.destination.settings);

async function previewsExactly<S>(r: Rehearsal<S>): Promise<void> {
  const previews = previewOf(r);
  assert.ok(previews.length > 0, 'there is a preview');
  for (const p of previews) {
    assert.ok(LANGUAGES.includes(p.language));
    assert.deepEqual(p.faults, []);
    assert.ok(p.text.length > 0 && p.segments >= 1 && p.length <= p.limit);
    if (p.unit === 'octets') assert.equal(p.length, Buffer.byteLength(p.text, 'utf8'), 'the length is that of the bytes');
    if (p.unit === 'code-units') assert.equal(p.length, p.text.length, 'the length is that of the 16-bit units');
    if (p.unit === 'characters') assert.equal(p.length, [...p.text].length, 'the length is that of the characters');
    if (p.unit === 'septets') assert.ok(p.length >= p.text.length, 'no letter takes less than a septet');
  }
}

async function previewsFaults<S>(r: Rehearsal<S>): Promise<void> {
  const longest = Math.max(...previewOf(r).map((p) => p.limit));
  const filled = (words: string) => Object.fromEntries(LANGUAGES.map((l) => [l, { headline: words, short: words, full: words, instruction: words, area: words }])) as Record<Language, Texts>;
  // Three times over: plain letters may get a roomier encoding (GSM-7 instead of UCS-2), and with it a higher limit.
  const tooLong = previewOf(r, filled('a'.repeat(3 * longest)));
  assert.ok(tooLong.length > 0);
  for (const p of tooLong) {
    assert.ok(p.faults.some((f) => f.code === 'TEXT_TOO_LONG'), 'an over-long text is a fault');
    assert.ok(p.length > p.limit, 'an over-long text is shown at its true length');
  }
  if (r.harness.notEncodable === undefined) return;
  const strange = previewOf(r, filled(r.harness.notEncodable));
  assert.ok(strange.some((p) => p.faults.some((f) => f.code === 'TEXT_NOT_ENCODABLE')), 'a letter outside the encoding is a fault');
}

async function makesExhibits<S>(r: Rehearsal<S>): Promise<void> {
  const message = r.message();
  const exhibits = r.harness.channel.exhibits!(message.notice, r.destination.settings);
  assert.equal(new Set(exhibits.map(({ name }) => name)).size, exhibits.length, 'no name stands twice');
  for (const { name, mediaType, make } of exhibits) {
    assert.match(name, /^[A-Za-z0-9][A-Za-z0-9.-]{0,79}$/);
    assert.match(mediaType, /^(image|audio|text|application)\/[a-z0-9.+-]+$/);
    assert.ok((await make(message)).length > 0, `${name} has octets`);
    assert.deepEqual(await make(message), await make(message), `${name} is the same every time`);
  }
}

async function publishesOnce<S>(r: Rehearsal<S>, perMessage: number): Promise<void> {
  const message = r.message();
  const outcome = await r.accepted(message);
  assert.ok(outcome.expectedReceipts >= 0 && Number.isInteger(outcome.expectedReceipts));
  const entries = r.partner.ledger.filter((e) => e.key === message.key);
  assert.equal(entries.length, perMessage, 'the ledger holds the message once');
  assert.equal(r.partner.ledger.length, perMessage, 'the ledger holds nothing else');
  for (const entry of entries) {
    assert.equal(entry.action, 'publish');
    assert.equal(entry.duplicate, false);
    if (r.harness.carriesIdentifier ?? true) assert.equal(entry.identifier, message.notice.identifier);
  }
}

async function publishesSeveral<S>(r: Rehearsal<S>, perMessage: number): Promise<void> {
  const messages = Array.from({ length: 5 }, () => r.message());
  const outcomes = await Promise.all(messages.map((m) => r.accepted(m)));
  const references = outcomes.flatMap((o) => o.references);
  assert.equal(new Set(references).size, references.length, 'references are each message\'s own');
  for (const m of messages) assert.equal(r.effects(m.key).length, perMessage);
}

async function repeatsSafely<S>(r: Rehearsal<S>, perMessage: number): Promise<void> {
  if (r.harness.channel.resend(r.destination.settings) === 'ask') return;
  const message = r.message();
  const first = await r.accepted(message);
  const second = await r.accepted(message);
  assert.equal(r.effects(message.key).length, perMessage, 'the repetition has no further effect');
  assert.equal(r.partner.ledger.filter((e) => e.key === message.key).length, 2 * perMessage, 'the repetition arrived under the same key');
  assert.equal(second.expectedReceipts, first.expectedReceipts);

  const lost = r.message();
  r.partner.setFaults({ loseAcknowledgement: true });
  const uncertain = await r.publish(lost);
  assert.equal(uncertain.kind, 'uncertain', `a lost acknowledgement is not ${describeOutcome(uncertain)}`);
  r.partner.setFaults({});
  await r.accepted(lost);
  assert.equal(r.effects(lost.key).length, perMessage, 'a repetition after a lost acknowledgement has no further effect');
}

/** Publishes and waits for the promised confirmations. */
async function confirmed<S>(r: Rehearsal<S>, message: Message): Promise<{ references: readonly string[]; expected: number }> {
  const { references, expectedReceipts } = await r.accepted(message);
  const keys = () => new Set(r.receiptsOf(message, references).filter((c) => c.stage === 'confirmed').map((c) => c.receiptKey));
  const came = await eventually(() => keys().size >= expectedReceipts);
  assert.ok(came, `${expectedReceipts} confirmations were promised, ${keys().size} came`);
  return { references, expected: expectedReceipts };
}

async function confirms<S>(r: Rehearsal<S>): Promise<void> {
  const message = r.message();
  const { references, expected } = await confirmed(r, message);
  const receipts = r.receiptsOf(message, references);
  assert.equal(receipts.length, expected);
  assert.equal(r.receipts.length, expected, 'no receipt speaks of anything else');
  for (const receipt of receipts) {
    assert.equal(receipt.destination, r.destination.id);
    assert.match(receipt.word, /^[A-Za-z0-9_. -]{1,40}$/);
    assert.ok(receipt.receiptKey.length > 0 && receipt.receiptKey.length <= 200);
  }
}

async function recognisesRepeatedReceipts<S>(r: Rehearsal<S>): Promise<void> {
  r.partner.setFaults({ duplicateReceipts: true });
  const first = r.message();
  const { references, expected } = await confirmed(r, first);
  // A second message's receipts come after the first one's repetitions, so there is no need to wait for time to pass.
  const second = r.message();
  const next = await confirmed(r, second);
  const keys = (m: Message, refs: readonly string[]) => new Set(r.receiptsOf(m, refs).map((c) => c.receiptKey));
  const [ofFirst, ofSecond] = [keys(first, references), keys(second, next.references)];
  assert.equal(ofFirst.size, expected, 'a receipt again has the same key');
  assert.equal(new Set([...ofFirst, ...ofSecond]).size, ofFirst.size + ofSecond.size, 'receipts of different messages have different keys');
}

async function rejectsForgery<S>(r: Rehearsal<S>): Promise<void> {
  assert.ok(r.harness.forgeReceipt);
  r.partner.setFaults({ noReceipts: true });
  const message = r.message();
  const outcome = await r.accepted(message);
  const rejected = await r.harness.forgeReceipt({ stage: r.stage, message, outcome });
  assert.equal(rejected, true, 'the forger is told no');
  assert.deepEqual(r.receipts, [], 'a forged receipt is not handed over');
}

async function abortsBefore<S>(r: Rehearsal<S>): Promise<void> {
  const aborted = AbortSignal.abort();
  for (const outcome of [await r.publish(r.message(), aborted), await r.withdraw(endingFor(r.message()), aborted)]) {
    assert.deepEqual(outcome, { kind: 'deferred', reason: 'aborted' });
  }
  assert.equal((await r.probe(aborted)).well, false, 'an aborted probe proves nothing');
  assert.deepEqual(r.partner.ledger, []);
}

async function abortsWhileHanging<S>(r: Rehearsal<S>): Promise<void> {
  await r.accepted(r.message());
  r.partner.setFaults({ hang: true });
  let outcome: Outcome | 'late' = 'late';
  // On a busy machine the bytes may not have left yet when the signal comes: then waiting longer must show it.
  for (const patienceMs of [150, 800, 3_000]) {
    const abort = new AbortController();
    const pending = r.publish(r.message(), abort.signal);
    assert.equal(await within(pending, patienceMs), 'late', 'a hanging partner gives no answer');
    abort.abort();
    outcome = await within(pending);
    if (outcome !== 'late' && outcome.kind === 'deferred' && outcome.reason === 'aborted') continue;
    break;
  }
  assert.deepEqual(outcome, { kind: 'uncertain', reason: 'aborted' });
  assert.equal(r.partner.ledger.filter((e) => !e.duplicate).length, r.harness.entriesPerMessage ?? 1, 'a hanging partner wrote nothing down');
}

async function waitsForSlow<S>(r: Rehearsal<S>): Promise<void> {
  await r.accepted(r.message());
  r.partner.setFaults({ latencyMs: 40 });
  const outcome = await within(r.publish(r.message()));
  assert.ok(outcome !== 'late' && outcome.kind === 'accepted', `a slow partner accepts, not ${describeOutcome(outcome)}`);
}

async function abortsWhileTrickling<S>(r: Rehearsal<S>): Promise<void> {
  r.partner.setFaults({ trickleMs: 100 });
  const message = r.message();
  const abort = new AbortController();
  const pending = r.publish(message, abort.signal);
  assert.ok(await eventually(() => r.effects(message.key).length > 0), 'the partner took the message');
  assert.equal(await within(pending, 250), 'late', 'a trickling partner has not answered');
  abort.abort();
  const outcome = await within(pending);
  // What was taken before may be named.
  assert.ok(outcome !== 'late' && outcome.kind === 'uncertain' && outcome.reason === 'aborted', `expected uncertain, aborted, not ${describeOutcome(outcome)}`);
}

/** Under a fault the outcome is one of these, in time and without a throw, and the ledger holds so many effects. */
async function answers<S>(r: Rehearsal<S>, faults: Faults, kinds: readonly Outcome['kind'][], effects?: number): Promise<void> {
  r.partner.setFaults(faults);
  const message = r.message();
  const outcome = await within(r.publish(message));
  assert.ok(outcome !== 'late' && kinds.includes(outcome.kind), `expected ${kinds.join(' or ')}, not ${describeOutcome(outcome)}`);
  assert.ok('reason' in outcome && outcome.reason.length > 0, 'a reason is given');
  if (effects !== undefined) assert.equal(r.effects(message.key).length, effects);
}

async function recovers<S>(r: Rehearsal<S>, faults: Faults): Promise<void> {
  r.partner.setFaults(faults);
  await r.publish(r.message());
  r.partner.setFaults({});
  await accepts(r);
}

/** A well partner accepts; right after trouble the channel may defer for a while. */
async function accepts<S>(r: Rehearsal<S>): Promise<void> {
  const deadline = performance.now() + 2 * SOON_MS;
  const message = r.message();
  let outcome = await r.publish(message);
  while (outcome.kind === 'deferred' && performance.now() < deadline) {
    await pause(25);
    outcome = await r.publish(message);
  }
  assert.equal(outcome.kind, 'accepted', `a partner that is well again accepts, not ${describeOutcome(outcome)}`);
}

/** The ending of a published message, as a message of its own. */
function endingFor(published: Message): Message {
  const { photo: _none, ...rest } = published;
  return { ...rest, key: `${published.key.slice(0, -2)}zz`, notice: sampleEnding('found', published.notice) };
}

async function withdraws<S>(r: Rehearsal<S>): Promise<void> {
  const message = r.message();
  await r.accepted(message);
  const ending = endingFor(message);
  const outcome = await r.withdraw(ending);
  assertWithdrawn(r, ending, outcome);
}

function assertWithdrawn<S>(r: Rehearsal<S>, ending: Message, outcome: Outcome | 'late'): void {
  assert.ok(outcome !== 'late' && (outcome.kind === 'accepted' || outcome.kind === 'refused'), `a withdrawal is not ${describeOutcome(outcome)}`);
  if (outcome.kind === 'refused') assert.ok(outcome.reason.length > 0, 'a refused withdrawal says why');
  else assert.ok(r.effects(ending.key, 'withdraw').length > 0, 'an accepted withdrawal is in the partner\'s ledger');
}

async function withdrawsPastHanging<S>(r: Rehearsal<S>): Promise<void> {
  const published = r.message();
  await r.accepted(published);
  for (const patienceMs of [150, 800, 3_000]) {
    r.partner.setFaults({ hang: true });
    const abort = new AbortController();
    const hanging = r.publish(r.message(), abort.signal);
    await within(hanging, patienceMs);
    r.partner.setFaults({});
    const ending = endingFor(published);
    const outcome = await within(r.withdraw(ending));
    const stillHanging = (await within(hanging, 0)) === 'late';
    abort.abort();
    const ended = await within(hanging);
    assert.notEqual(ended, 'late', 'the hanging call ends at its signal');
    assertWithdrawn(r, ending, outcome);
    // Otherwise its bytes reached the partner only after the fault was lifted, and nothing was shown.
    if (stillHanging) return;
  }
  assert.fail('the partner never hung');
}

async function probes<S>(r: Rehearsal<S>): Promise<void> {
  assert.deepEqual(await r.probe(), { well: true });
  assert.deepEqual(r.partner.ledger, [], 'a probe publishes nothing');
  await r.partnerGoes();
  const result = await within(r.probe());
  assert.ok(result !== 'late' && !result.well && result.reason.length > 0, 'a partner that is away is not well');
}

async function waitsForPartner<S>(r: Rehearsal<S>): Promise<void> {
  await r.partnerGoes();
  const message = r.message();
  const outcome = await within(r.publish(message));
  assert.ok(outcome !== 'late' && outcome.kind === 'deferred', `a partner that is away means deferred, not ${describeOutcome(outcome)}`);
  if (!r.stage.restart) return;
  await r.partnerReturns();
  const deadline = performance.now() + 2 * SOON_MS;
  while (!(await r.probe()).well && performance.now() < deadline) await pause(25);
  assert.deepEqual(await r.probe(), { well: true });
  await accepts(r);
}

/** Sockets and servers that keep the process alive. */
const openSockets = () => process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Pipe)/.test(name)).length;

async function closes<S>(r: Rehearsal<S>): Promise<void> {
  const before = openSockets();
  await r.accepted(r.message());
  r.partner.setFaults({ hang: true });
  const hanging = r.connection.publish(r.message(), patient());
  await within(hanging, 100);
  assert.notEqual(await within(r.close()), 'late', 'close ends although a call hangs');
  assert.notEqual(await within(hanging), 'late', 'a call ends with its connection');
  await r.partner.close();
  assert.ok(await eventually(() => openSockets() <= before), 'no socket or server stays open');
}
