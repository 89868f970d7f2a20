import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { projectRoot } from '#config/project-root.js';

const FOLDER = join(projectRoot, 'libs/storage/migrations');

/** TypeORM orders migrations by the 13 digits at the end of their name; ours are numbered files. */
const EPOCH = 1_700_000_000_000;

/** The numbered SQL files as TypeORM migrations. They only move forward. */
export function migrations(folder = FOLDER): (new () => MigrationInterface)[] {
  return readdirSync(folder).filter((file) => file.endsWith('.sql')).sort().map((file) => {
    const sql = readFileSync(join(folder, file), 'utf8');
    const number = Number(file.slice(0, 4));
    // The database keeps the names of what it ran. With its text in the name, an edited file is another one.
    const digest = createHash('sha256').update(sql).digest('hex').slice(0, 16);
    return class implements MigrationInterface {
      readonly name = `${file.slice(0, -4)}-${digest}-${EPOCH + number}`;

      async up(runner: QueryRunner): Promise<void> {
        await runner.query(sql);
      }

      async down(): Promise<void> {
        throw new Error('migrations only move forward');
      }
    };
  });
}

/** The file of a migration, by its name: `0002-audit`. */
export const fileOf = (name: string): string => name.replace(/-[0-9a-f]{16}-\d{13}$/, '');
