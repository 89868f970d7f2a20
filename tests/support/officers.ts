import pg from 'pg';
import type { OfficerId } from '#kernel/ids.js';

/** Officers of the tests, fictional, known to the database but not able to sign in. */
export const AUTHOR = '00000000-0000-4000-8000-000000000001' as OfficerId;
export const SECOND_AUTHOR = '00000000-0000-4000-8000-000000000002' as OfficerId;
/** Holds both roles, as officers of small stations do: may write, and may approve what others wrote. */
export const APPROVER = '00000000-0000-4000-8000-000000000003' as OfficerId;
export const AUDITOR = '00000000-0000-4000-8000-000000000004' as OfficerId;

/** Puts the officers of the tests into a database, as its owner. */
export async function addOfficers(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO officers (id, user_name, display_name, roles, password_hash, sealed_totp, created_at) VALUES
         ($1, 'author', 'Author', '{author}', '', '', now()), ($2, 'author-2', 'Second author', '{author}', '', '', now()),
         ($3, 'approver', 'Approver', '{author,approver}', '', '', now()), ($4, 'auditor', 'Auditor', '{auditor}', '', '', now())`,
      [AUTHOR, SECOND_AUTHOR, APPROVER, AUDITOR]);
  } finally {
    await client.end();
  }
}
