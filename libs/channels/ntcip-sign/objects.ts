/** Objects of NTCIP 1203 v03 that we use, by their names there. All lie under `dms`. */
const DMS = '1.3.6.1.4.1.1206.4.2.3';

/** A row of the message table (section 5.6.8): memory type and number. */
export interface Row {
  readonly memory: number;
  readonly number: number;
}

const column = (index: number) => ({ memory, number }: Row): string => `${DMS}.5.8.1.${index}.${memory}.${number}`;

export const dmsMessageMultiString = column(3);
export const dmsMessageOwner = column(4);
export const dmsMessageCRC = column(5);
export const dmsMessageRunTimePriority = column(8);
export const dmsMessageStatus = column(9);
export const dmsValidateMessageError = `${DMS}.5.9.0`;
export const dmsControlMode = `${DMS}.6.1.0`;
export const dmsActivateMessage = `${DMS}.6.3.0`;
export const dmsMessageTimeRemaining = `${DMS}.6.4.0`;
export const dmsMsgTableSource = `${DMS}.6.5.0`;
export const dmsActivateMsgError = `${DMS}.6.17.0`;
export const shortErrorStatus = `${DMS}.9.7.1.0`;

/** `dmsMessageMemoryType`. */
export const MEMORY = { changeable: 3, currentBuffer: 5, blank: 7 } as const;
/** What is on the sign now. */
export const CURRENT: Row = { memory: MEMORY.currentBuffer, number: 1 };

/** `dmsMessageStatus`: states, and the requests that lead from one to another. */
export const STATUS = { notUsed: 1, modifying: 2, validating: 3, valid: 4, error: 5, modifyReq: 6, validateReq: 7, notUsedReq: 8 } as const;

/** `dmsControlMode`. */
export const LOCAL_MODE = 2;

/** `dmsActivateMsgError` of a message that is on the sign. */
export const NO_ERROR = 2;
/** Its other values: a word each, and whether the same message can go up later. */
export const ACTIVATION_ERRORS: Readonly<Record<number, readonly [word: string, passes: boolean]>> = {
  1: ['other', true],
  3: ['priority', true],
  4: ['message_status', true],
  5: ['memory_type', false],
  6: ['message_number', false],
  7: ['message_crc', true],
  8: ['syntax_multi', false],
  9: ['local_mode', true],
  10: ['central_mode', true],
  11: ['central_override', true],
};

/** Bits of `shortErrorStatus` with which nobody can read the sign; a dead pixel or an open door is not among them. */
export const DARK_FAULTS: readonly (readonly [bit: number, word: string])[] = [[1, 'communications'], [2, 'power'], [8, 'controller'], [11, 'critical_temperature']];

/** Limits of `dmsMessageOwner` (section 5.6.8.4). */
export const OWNER_LIMIT = 127;
