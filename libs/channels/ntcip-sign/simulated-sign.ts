import type { Value } from './ber.js';
import { messageCrc } from './encode.js';
import {
  CURRENT, dmsActivateMessage, dmsActivateMsgError, dmsControlMode, dmsMessageCRC, dmsMessageMultiString, dmsMessageOwner, dmsMessageRunTimePriority, dmsMessageStatus,
  dmsMessageTimeRemaining, dmsMsgTableSource, dmsValidateMessageError, LOCAL_MODE, MEMORY, NO_ERROR, shortErrorStatus, STATUS,
} from './objects.js';

const SLOTS = 8;
/** RFC 3416 section 3. */
const GEN_ERR = 5;
const NOT_WRITABLE = 17;
const INFINITE = 65_535;

interface Stored {
  status: number;
  multi: Buffer;
  owner: Buffer;
  priority: number;
}

/** What a sign tells those who watch it. */
export interface SignEvents {
  /** A message went up. */
  lit(owner: string, multi: Buffer): void;
  /** A row was emptied by this owner; `dark` when the sign shows nothing. */
  emptied(owner: string, dark: boolean): void;
}

/**
 * Ways in which a sign deceives: it agrees to an activation and shows nothing of it, other words, the words of another row, or
 * of another memory, or the right ones without end or without telling it; it agrees and says elsewhere that it failed; it keeps a
 * row otherwise than it was written; it agrees to go dark and stays lit, still has the words, or still names their row; it agrees
 * to empty a row and keeps it; or it does not tell which row it shows.
 */
export type Lie = 'nothing-shown' | 'other-words' | 'another-row' | 'another-memory' | 'without-end' | 'untold-end' | 'failed-all-the-same' | 'kept-otherwise' | 'stays-lit' | 'keeps-words' | 'keeps-row' | 'never-empties' | 'untold-row';
/** Whose messages they are is told by a sign of all, of those in its rows alone, or of none. */
export type TellsOwners = 'of-all' | 'of-rows' | 'of-none';

/** The memory and the face of a sign by NTCIP 1203: rows of changeable memory, activation, and a current buffer. No clock. */
export class SimulatedSign {
  lie: Lie | undefined;
  tellsOwners: TellsOwners = 'of-all';
  /** Whether somebody works at the sign itself: central orders have no effect then (`dmsControlMode` local). */
  local = false;
  /** `shortErrorStatus`: what it says is wrong with it; null when it knows no such object, like an agent that is no sign. */
  shortErrors: number | null = 0;
  /** So many looks it takes to check a row, and to show what it was told to. */
  slowness = 0;
  /** Every row is invalid to it. */
  rejectsAll = false;
  private readonly rows = Array.from({ length: SLOTS }, (): Stored => ({ status: STATUS.notUsed, multi: Buffer.alloc(0), owner: Buffer.alloc(0), priority: 1 }));
  private current: { multi: Buffer; owner: Buffer; priority: number; minutes: number; source: Buffer } = { multi: Buffer.alloc(0), owner: Buffer.alloc(0), priority: 1, minutes: INFINITE, source: Buffer.from([MEMORY.blank, 0, 1, 0, 0]) };
  private activated = Buffer.alloc(12);
  private activateError: number = NO_ERROR;
  private validateError = 2;

  constructor(private readonly events: SignEvents) {}

  /** Does so now, or after so many looks. */
  private later(act: () => void): void {
    this.underWay = this.slowness === 0 ? undefined : { looks: this.slowness, act };
    if (!this.underWay) act();
  }
  private underWay: { looks: number; readonly act: () => void } | undefined;

  /** Somebody looks. */
  looked(): void {
    if (!this.underWay || (this.underWay.looks -= 1) >= 0) return;
    this.underWay.act();
    this.underWay = undefined;
  }

  get(oid: string): Value {
    const scalars: Readonly<Record<string, Value>> = {
      [dmsControlMode]: this.local ? LOCAL_MODE : 4, [shortErrorStatus]: this.shortErrors ?? 'noSuchInstance', [dmsActivateMessage]: this.activated, [dmsActivateMsgError]: this.activateError, [dmsValidateMessageError]: this.validateError, [dmsMsgTableSource]: this.lie === 'untold-row' ? 'noSuchInstance' : this.current.source,
      [dmsMessageTimeRemaining]: this.lie === 'untold-end' ? 'noSuchInstance' : this.current.minutes, [dmsMessageMultiString(CURRENT)]: this.current.multi, [dmsMessageOwner(CURRENT)]: this.tellsOwners === 'of-all' ? this.current.owner : Buffer.alloc(0),
    };
    const scalar = scalars[oid];
    if (scalar !== undefined) return scalar;
    const found = this.find(oid);
    if (!found) return 'noSuchInstance';
    const { column, row } = found;
    return { multi: row.multi, owner: this.tellsOwners === 'of-none' ? Buffer.alloc(0) : row.owner, crc: row.status === STATUS.valid ? messageCrc(row.multi) ^ (this.lie === 'kept-otherwise' ? 1 : 0) : 0, priority: row.priority, status: row.status }[column];
  }

  /** Sets one object: 0, or the error of RFC 3416. */
  set(oid: string, value: Value): number {
    if (oid === dmsActivateMessage) return Buffer.isBuffer(value) && value.length === 12 ? this.activate(value) : GEN_ERR;
    const found = this.find(oid);
    if (!found) return NOT_WRITABLE;
    const { column, row } = found;
    if (column === 'status') return typeof value === 'number' ? this.request(row, value) : GEN_ERR;
    // What is valid, or not opened, does not change (section 5.6.8).
    if (row.status !== STATUS.modifying) return GEN_ERR;
    if (column === 'multi' && Buffer.isBuffer(value)) row.multi = Buffer.from(value);
    else if (column === 'owner' && Buffer.isBuffer(value)) row.owner = Buffer.from(value);
    else if (column === 'priority' && typeof value === 'number') row.priority = value;
    else return NOT_WRITABLE;
    return 0;
  }

  private find(oid: string): { column: 'multi' | 'owner' | 'crc' | 'priority' | 'status'; row: Stored } | undefined {
    const number = Number(oid.slice(oid.lastIndexOf('.') + 1));
    const row = this.rows[number - 1];
    const at = { memory: MEMORY.changeable, number };
    const columns = { [dmsMessageMultiString(at)]: 'multi', [dmsMessageOwner(at)]: 'owner', [dmsMessageCRC(at)]: 'crc', [dmsMessageRunTimePriority(at)]: 'priority', [dmsMessageStatus(at)]: 'status' } as const;
    const column = columns[oid];
    return row && column && { column, row };
  }

  private request(row: Stored, wanted: number): number {
    if (wanted === STATUS.modifyReq && row.status !== STATUS.modifying) row.status = STATUS.modifying;
    else if (wanted === STATUS.validateReq && row.status === STATUS.modifying) {
      row.status = STATUS.validating;
      this.later(() => {
        row.status = this.rejectsAll ? STATUS.error : STATUS.valid;
      });
      this.validateError = this.rejectsAll ? 5 : 2;
    } else if (wanted === STATUS.notUsedReq && row.status !== STATUS.notUsed) {
      if (this.lie === 'never-empties') return 0;
      row.status = STATUS.notUsed;
      this.events.emptied(row.owner.toString(), this.current.source[0] === MEMORY.blank);
    } else return GEN_ERR;
    return 0;
  }

  private activate(code: Buffer): number {
    this.activateError = this.lie === 'failed-all-the-same' ? 4 : this.judge(code);
    if (this.activateError !== NO_ERROR) return this.lie === 'failed-all-the-same' ? 0 : GEN_ERR;
    this.activated = Buffer.from(code);
    return 0;
  }

  private judge(code: Buffer): number {
    const [minutes, priority, memory, number, crc] = [code.readUInt16BE(0), code.readUInt8(2), code.readUInt8(3), code.readUInt16BE(4), code.readUInt16BE(6)];
    if (priority < this.current.priority) return 3;
    const source = code.subarray(3, 8);
    if (memory === MEMORY.blank) {
      if (this.lie === 'stays-lit') return NO_ERROR;
      this.current = {
        multi: this.lie === 'keeps-words' ? this.current.multi : Buffer.alloc(0), owner: Buffer.alloc(0), priority: number, minutes, source: this.lie === 'keeps-row' ? this.current.source : Buffer.from(source),
      };
      return NO_ERROR;
    }
    if (memory !== MEMORY.changeable) return 5;
    const row = this.rows[number - 1];
    if (!row) return 6;
    if (row.status !== STATUS.valid) return 4;
    if (crc !== messageCrc(row.multi)) return 7;
    if (this.lie === 'nothing-shown') return NO_ERROR;
    const next = {
      multi: this.lie === 'other-words' ? Buffer.from('NEŠTO DRUGO') : row.multi, owner: row.owner, priority: row.priority, minutes: this.lie === 'without-end' ? INFINITE : minutes,
      source: Buffer.from(source.map((octet, place) => octet + ((this.lie === 'another-row' && place === 2) || (this.lie === 'another-memory' && place === 0) ? 1 : 0))),
    };
    this.later(() => {
      this.current = next;
      this.events.lit(next.owner.toString(), row.multi);
    });
    return NO_ERROR;
  }
}
