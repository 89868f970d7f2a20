/**
 * Command statuses (SMPP 3.4, section 5.1.3) sorted by what they mean for a message:
 * - `taken`: the operator has it;
 * - `throttled`: not taken, everybody waits;
 * - `passing`: not taken, try again later;
 * - `lasting`: not taken, and repeating cannot help.
 */
export type StatusKind = 'taken' | 'throttled' | 'passing' | 'lasting';

export const ESME_ROK = 0x00;
export const ESME_RINVCMDID = 0x03;
export const ESME_RINVMSGID = 0x0c;
export const ESME_RINVNUMDESTS = 0x33;
export const ESME_RTHROTTLED = 0x58;
export const ESME_RX_T_APPN = 0x64;
export const ESME_RX_R_APPN = 0x66;
export const ESME_RQUERYFAIL = 0x67;

const STATUSES: ReadonlyMap<number, readonly [name: string, kind: StatusKind]> = new Map<number, readonly [string, StatusKind]>([
  [0x00, ['ESME_ROK', 'taken']],
  [0x01, ['ESME_RINVMSGLEN', 'lasting']],
  [0x02, ['ESME_RINVCMDLEN', 'lasting']],
  [0x03, ['ESME_RINVCMDID', 'lasting']],
  [0x04, ['ESME_RINVBNDSTS', 'passing']],
  [0x05, ['ESME_RALYBND', 'passing']],
  [0x06, ['ESME_RINVPRTFLG', 'lasting']],
  [0x07, ['ESME_RINVREGDLVFLG', 'lasting']],
  [0x08, ['ESME_RSYSERR', 'passing']],
  [0x0a, ['ESME_RINVSRCADR', 'lasting']],
  [0x0b, ['ESME_RINVDSTADR', 'lasting']],
  [0x0c, ['ESME_RINVMSGID', 'lasting']],
  [0x0d, ['ESME_RBINDFAIL', 'passing']],
  [0x0e, ['ESME_RINVPASWD', 'passing']],
  [0x0f, ['ESME_RINVSYSID', 'passing']],
  [0x11, ['ESME_RCANCELFAIL', 'lasting']],
  [0x14, ['ESME_RMSGQFUL', 'throttled']],
  [0x15, ['ESME_RINVSERTYP', 'lasting']],
  [0x33, ['ESME_RINVNUMDESTS', 'lasting']],
  [0x34, ['ESME_RINVDLNAME', 'lasting']],
  [0x40, ['ESME_RINVDESTFLAG', 'lasting']],
  [0x42, ['ESME_RINVSUBREP', 'lasting']],
  [0x43, ['ESME_RINVESMCLASS', 'lasting']],
  [0x44, ['ESME_RCNTSUBDL', 'lasting']],
  [0x45, ['ESME_RSUBMITFAIL', 'passing']],
  [0x48, ['ESME_RINVSRCTON', 'lasting']],
  [0x49, ['ESME_RINVSRCNPI', 'lasting']],
  [0x50, ['ESME_RINVDSTTON', 'lasting']],
  [0x51, ['ESME_RINVDSTNPI', 'lasting']],
  [0x53, ['ESME_RINVSYSTYP', 'lasting']],
  [0x54, ['ESME_RINVREPFLAG', 'lasting']],
  [0x55, ['ESME_RINVNUMMSGS', 'lasting']],
  [0x58, ['ESME_RTHROTTLED', 'throttled']],
  [0x61, ['ESME_RINVSCHED', 'lasting']],
  [0x62, ['ESME_RINVEXPIRY', 'lasting']],
  [0x63, ['ESME_RINVDFTMSGID', 'lasting']],
  [0x64, ['ESME_RX_T_APPN', 'passing']],
  [0x65, ['ESME_RX_P_APPN', 'lasting']],
  [0x66, ['ESME_RX_R_APPN', 'lasting']],
  [0x67, ['ESME_RQUERYFAIL', 'lasting']],
  [0xc0, ['ESME_RINVOPTPARSTREAM', 'lasting']],
  [0xc1, ['ESME_ROPTPARNOTALLWD', 'lasting']],
  [0xc2, ['ESME_RINVPARLEN', 'lasting']],
  [0xc3, ['ESME_RMISSINGOPTPARAM', 'lasting']],
  [0xc4, ['ESME_RINVOPTPARAMVAL', 'lasting']],
  [0xfe, ['ESME_RDELIVERYFAILURE', 'lasting']],
  [0xff, ['ESME_RUNKNOWNERR', 'passing']],
]);

/** What a status means. An unlisted one (an operator's own, 0x400 and up) is passing: trying again beats silence. */
export function statusKind(status: number): StatusKind {
  return STATUSES.get(status)?.[1] ?? 'passing';
}

/** The status as the standard names it, or `status-0x00000401`. */
export function statusName(status: number): string {
  return STATUSES.get(status)?.[0] ?? `status-0x${status.toString(16).padStart(8, '0')}`;
}
