/**
 * Every refusal the system can give, in one table. `kind` decides the HTTP status at the edge, `retry` tells a client
 * whether the same request can succeed later. `docs/errors.md` is held against this table by a test.
 */
export type ErrorKind = 'invalid' | 'unauthenticated' | 'forbidden' | 'missing' | 'conflict' | 'gone' | 'busy' | 'throttled';
export type Retry = 'never' | 'after-change' | 'later';

export interface ErrorEntry {
  readonly kind: ErrorKind;
  readonly retry: Retry;
  /** The rule that was broken, as a sentence for the person who broke it. Never contains their data. */
  readonly rule: string;
}

const entry = (kind: ErrorKind, retry: Retry, rule: string): ErrorEntry => ({ kind, retry, rule });

export const ERRORS = {
  // alerts: content
  AREA_MISSING: entry('invalid', 'after-change', 'An alert names its area: the country as an explicit choice, districts, or polygons.'),
  AREA_OUTSIDE_SERBIA: entry('invalid', 'after-change', 'Every area lies inside Serbia.'),
  AREA_SELF_CROSSING: entry('invalid', 'after-change', 'The edge of a polygon does not cross itself.'),
  AREA_TOO_SMALL: entry('invalid', 'after-change', 'A polygon has at least three different corners and a surface.'),
  AREA_UNKNOWN_DISTRICT: entry('invalid', 'after-change', 'A district is one of the codes of the area register.'),
  BIRTH_DATE_ADULT: entry('invalid', 'after-change', 'The person was under 18 years old when last seen.'),
  BIRTH_DATE_FUTURE: entry('invalid', 'after-change', 'The birth date lies before the moment last seen.'),
  CONTENT_INVALID: entry('invalid', 'after-change', 'The content has the fields and forms of the schema.'),
  CRITERION_MISSING: entry('invalid', 'after-change', 'An assessment names its criterion, its reason and who judged it.'),
  CRITERION_NOT_MET: entry('invalid', 'after-change', 'The criterion named fits the child: under 7 at the time, a disability or therapy on record, or a reasoned danger.'),
  LAST_SEEN_FUTURE: entry('invalid', 'after-change', 'The moment last seen is not in the future.'),
  PHOTO_NOT_A_PICTURE: entry('invalid', 'after-change', 'The photo is a JPEG, PNG or WebP picture that can be decoded.'),
  PHOTO_TOO_LARGE: entry('invalid', 'after-change', 'The photo has at most 10 MiB and 40 megapixels.'),
  PHOTO_TRAILING_DATA: entry('invalid', 'after-change', 'The photo file ends where the picture ends.'),
  SCRIPT_MIXED: entry('invalid', 'after-change', 'A text keeps to the letters of its script.'),
  TEXT_NOT_ENCODABLE: entry('invalid', 'after-change', 'Every letter of the text exists in the encoding of the channel.'),
  TEXT_TOO_LONG: entry('invalid', 'after-change', 'The text fits the length of every channel it goes to.'),
  VALIDITY_OUT_OF_RANGE: entry('invalid', 'after-change', 'An alert is valid for 1 to 72 hours.'),

  // alerts: life
  ALERT_MISSING: entry('missing', 'never', 'There is no such alert here.'),
  ALERT_ERASED: entry('gone', 'never', 'The data of this case has been erased.'),
  ALERT_STALE: entry('conflict', 'after-change', 'The alert is changed from the version that was read.'),
  APPROVAL_STALE_HASH: entry('conflict', 'after-change', 'An approval names the content hash of the revision in review.'),
  APPROVER_IS_WRITER: entry('forbidden', 'never', 'Nobody approves a revision that they wrote, edited or submitted.'),
  DRAFT_MISSING: entry('missing', 'never', 'There is no such draft: it was handed in, discarded, or its alert went on without it.'),
  DRAFT_STALE: entry('conflict', 'after-change', 'The draft is changed from the version that was read.'),
  NOTICE_GONE: entry('gone', 'never', 'What is shown is the message in force: the newest one of an active alert, or its ending.'),
  PREVIEW_MISSING: entry('missing', 'never', 'There is such a picture, sound or document in what would be sent, and a program that makes it.'),
  REASON_MISSING: entry('invalid', 'after-change', 'This decision is given with a reason.'),
  REVISION_MISSING: entry('missing', 'never', 'There is no such revision.'),
  TRANSITION_NOT_ALLOWED: entry('conflict', 'never', 'The action is allowed in the present state.'),

  // audit
  AUDIT_EXPORT_INVALID: entry('invalid', 'never', 'An audit export is a header, its checkpoints, its rows and a closing line, each in canonical JSON.'),

  // identity
  ADMINISTRATORS_TOO_FEW: entry('conflict', 'after-change', 'Two administrators who can sign in remain.'),
  CHANGE_INVALID: entry('invalid', 'after-change', 'A proposed change has the fields and forms of its kind.'),
  CHANGE_KIND_UNKNOWN: entry('invalid', 'after-change', 'A change is of a kind that there is.'),
  CHANGE_MISSING: entry('missing', 'never', 'There is no such change.'),
  CHANGE_OWN: entry('forbidden', 'never', 'A change is confirmed or refused by another administrator than its proposer, and taken back by the proposer alone.'),
  CHANGE_PENDING: entry('conflict', 'after-change', 'One change of one thing is open at a time.'),
  CHANGE_SETTLED: entry('conflict', 'never', 'A change is settled once, within 72 hours.'),
  CODE_REPLAYED: entry('unauthenticated', 'after-change', 'A one-time code is used once.'),
  CODE_WRONG: entry('unauthenticated', 'after-change', 'The one-time code is the present one.'),
  CROSS_SITE: entry('forbidden', 'never', 'A change is requested from the system\'s own pages or without a browser.'),
  CREDENTIALS_WRONG: entry('unauthenticated', 'after-change', 'User name, password and one-time code belong together.'),
  ENROLMENT_INVALID: entry('unauthenticated', 'never', 'An enrolment code is whole, not used, not replaced and at most 24 hours old.'),
  OFFICER_INVALID: entry('invalid', 'after-change', 'An officer has a user name, a display name, roles and a password of at least 12 characters.'),
  PASSKEYS_TOO_MANY: entry('conflict', 'after-change', 'An officer has at most 10 passkeys.'),
  PASSKEY_KNOWN: entry('conflict', 'never', 'A passkey is registered once.'),
  PASSKEY_MISSING: entry('missing', 'never', 'The officer has such a passkey.'),
  PASSKEY_REFUSED: entry('unauthenticated', 'after-change', 'A passkey of an officer answers this very challenge, here and now, with the user verified.'),
  PASSKEY_UNAVAILABLE: entry('invalid', 'never', 'Passkeys need an address with a host name, not a bare IP address.'),
  PASSWORD_WEAK: entry('invalid', 'after-change', 'A password has 12 to 256 characters and is not one that is tried first: no usual word, no user name, no repetition.'),
  ROLE_MISSING: entry('forbidden', 'never', 'The officer has the role that this action needs.'),
  SESSION_MISSING: entry('unauthenticated', 'after-change', 'A session is open, not idle too long and not ended.'),
  SIGN_IN_THROTTLED: entry('throttled', 'later', 'Sign-in attempts are spaced out after failures.'),
  STEP_UP_MISSING: entry('forbidden', 'after-change', 'This is done with a fresh proof of who asks: a passkey or a one-time code.'),
  USER_NAME_TAKEN: entry('conflict', 'after-change', 'A user name belongs to one officer.'),

  // dispatch
  CHANNEL_UNKNOWN: entry('invalid', 'after-change', 'A destination names a channel of the catalogue.'),
  ADDRESS_REFUSED: entry('invalid', 'after-change', 'A destination is at an address that the house may call: public, or a line of its configuration.'),
  CONFIGURATION_INVALID: entry('invalid', 'after-change', 'The configuration follows its schema.'),
  DESTINATION_BUSY: entry('conflict', 'later', 'Whom a destination reaches, and in which parts, stays as it is while an alert that went there is active or under way.'),
  DESTINATION_MISSING: entry('missing', 'after-change', 'There is such a destination, in the state that the change begins with.'),
  DESTINATION_WORLD: entry('invalid', 'never', 'A destination stays in its world: drill or live.'),
  DELIVERY_MISSING: entry('missing', 'never', 'There is no such delivery.'),
  DELIVERY_NOT_DEAD: entry('conflict', 'never', 'Only a delivery that waits for a person is retried or closed by one.'),
  ERASURE_CONFIRMED: entry('conflict', 'never', 'Only an open erasure request is confirmed by a person.'),
  ERASURE_MISSING: entry('missing', 'never', 'There is no such erasure request.'),
  HISTORY_REWOUND: entry('conflict', 'after-change', 'The database is not older than the checkpoints that were carried off it.'),
  MASTER_KEY_BEING_REPLACED: entry('conflict', 'after-change', 'One master key takes the place of another at a time, and the other one leaves once nothing is sealed under it.'),
  MASTER_KEY_REPLACED: entry('busy', 'later', 'What is sealed is sealed under a master key that is in force.'),
  MASTER_KEY_WRONG: entry('conflict', 'after-change', 'The master keys that are held open what the database holds, and the first of them is in force.'),
  SCHEMA_DIVERGED: entry('conflict', 'after-change', 'Every migration that a database ran is here as it ran: none is edited, renamed or taken away.'),
  SECRET_BEING_REPLACED: entry('conflict', 'later', 'A secret is replaced once its predecessor has ceased to be valid.'),
  TEST_THROTTLED: entry('throttled', 'later', 'A destination is tested at most four times an hour.'),
  RECEIPT_FORGED: entry('unauthenticated', 'never', 'A receipt is signed by the destination it speaks for, recently, and once.'),

  // subscriptions
  ENDPOINT_NOT_ALLOWED: entry('invalid', 'after-change', 'A subscription is one of a push service that messages go to.'),
  MAIL_UNREACHABLE: entry('busy', 'later', 'The mail server takes the confirmation.'),
  SUBSCRIPTION_MISSING: entry('missing', 'never', 'There is no such subscription.'),
  SUBSCRIPTION_THROTTLED: entry('throttled', 'later', 'Subscriptions are spaced out when many come at once.'),

  // documents
  XML_DOCTYPE: entry('invalid', 'never', 'XML carries no document type declaration.'),
  XML_INVALID: entry('invalid', 'never', 'XML is well formed and of the expected kind.'),
  XML_TOO_LARGE: entry('invalid', 'never', 'XML is at most 1 MiB.'),
  SIGNATURE_INVALID: entry('invalid', 'never', 'The signature covers the document and verifies with a trusted certificate.'),

  // the door
  IDEMPOTENCY_KEY_REUSED: entry('conflict', 'after-change', 'An idempotency key belongs to one request.'),
  REQUEST_INVALID: entry('invalid', 'after-change', 'The request has the fields and forms of the schema.'),
  REQUEST_FORGED: entry('unauthenticated', 'never', 'A partner signs each of its requests with its own secret, recently.'),
  ROUTE_MISSING: entry('missing', 'never', 'There is such an address.'),
  STORE_BUSY: entry('busy', 'later', 'The database answers in time.'),
  STREAM_FULL: entry('busy', 'later', 'There is room for one more reader of the event stream.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** One broken rule: which field (JSON path such as `child.birthDate`, or empty) and which rule of the table. */
export interface Fault {
  readonly code: ErrorCode;
  readonly field: string;
  /** Numbers and names of limits that make the sentence exact; never the input itself. */
  readonly detail?: string;
}

/** A refusal from the table. Carries no input, so it may be logged and shown. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];

  constructor(faults: readonly [Fault, ...Fault[]]) {
    super(faults.map((f) => `${f.code}${f.field ? ` (${f.field})` : ''}: ${ERRORS[f.code].rule}${f.detail ? ` ${f.detail}` : ''}`).join('\n'));
    this.name = 'Refusal';
    this.code = faults[0].code;
    this.faults = faults;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code].kind;
  }
}

/** Makes a refusal: `throw fail('ALERT_STALE')`, `throw fail('BIRTH_DATE_ADULT', 'child.birthDate')`. */
export function fail(code: ErrorCode, field = '', detail?: string): Refusal {
  return new Refusal([detail === undefined ? { code, field } : { code, field, detail }]);
}

/** Throws one refusal that lists every fault; returns when there is none. */
export function refuseAny(faults: readonly Fault[]): void {
  const [first, ...rest] = faults;
  if (first) throw new Refusal([first, ...rest]);
}
