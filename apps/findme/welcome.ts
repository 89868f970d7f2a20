/** Somebody to sign in as in a drill; these accounts exist on fictional data alone. */
export interface DrillAccount {
  readonly role: string;
  readonly user: string;
  readonly password: string;
  /** Base32 secret of the second factor, to be put into an authenticator. */
  readonly totpSecret: string;
}

/** What `start` says once everything serves. */
export interface Welcome {
  readonly address: string;
  readonly accounts: readonly DrillAccount[];
  readonly database: string;
  readonly redis: string;
  readonly logs: string;
  /** Commands that exist, with what they show. */
  readonly next: readonly (readonly [command: string, what: string])[];
}

/** The welcome as text: where to look, whom to sign in as, what to try next. */
export function welcomeText({ address, accounts, database, redis, logs, next }: Welcome): string {
  const lines = ['', `Find Me is ready: ${address}`, '', ...table([['Desks', `${address}/desk`], ['Database', database], ['Redis', redis], ['Logs', logs]])];
  if (accounts.length > 0) {
    const rows = accounts.map(({ role, user, password, totpSecret }) => [role, user, password, totpSecret]);
    lines.push('', 'Drill accounts (fictional; for drills alone):', ...table([['role', 'user', 'password', 'second factor'], ...rows]));
  }
  if (next.length > 0) lines.push('', 'Try next, in another terminal:', ...table(next));
  lines.push('', 'Ctrl-C stops everything; the data is kept.', '');
  return lines.join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ').trimEnd()}`);
}
