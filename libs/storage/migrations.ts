import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { projectRoot } from '#config/project-root.js';

const FOLDER = join(projectRoot, 'libs/storage/migrations');

/** TypeORM orders migrations by the 13 digits at the end of their name; ours are numbered files. */
const EPOCH = 1_700_000_000_000;

/** The numbered SQL files as TypeORM migrations. They only move forward. */
export function migrations(): (new () => MigrationInterface)[] {
  return readdirSync(FOLDER).filter((file) => file.endsWith('.sql')).sort().map((file) => {
    const sql = readFileSync(join(FOLDER, file), 'utf8');
    const number = Number(file.slice(0, 4));
    return class implements MigrationInterface {
      readonly name = `${file.slice(0, -4)}-${EPOCH + number}`;

      async up(runner: QueryRunner): Promise<void> {
        await runner.query(sql);
      }

      async down(): Promise<void> {
        throw new Error('migrations only move forward');
      }
    };
  });
}
