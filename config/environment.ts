import { z } from 'zod';
import { Refusal, type Fault } from '#kernel/errors.js';

const port = z.coerce.number().int().min(0).max(65_535);
const seconds = z.coerce.number().int().min(1);

const schema = z.object({
  /** PostgreSQL as the applications' role. */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//),
  /** Redis or Valkey for waiting and spread work; without it the sweep does everything itself. */
  REDIS_URL: z.string().regex(/^rediss?:\/\//).optional(),
  /** The API's port on `HOST`. */
  PORT: port.default(3000),
  HOST: z.string().default('127.0.0.1'),
  /** Origin under which browsers and partners reach the API; default `http://localhost:PORT`. */
  FINDME_PUBLIC_URL: z.url().optional(),
  /** The configuration of partners. */
  FINDME_CONFIG: z.string().min(1),
  /** Folder with one file per secret. */
  FINDME_SECRETS: z.string().min(1),
  /** Where signed checkpoints are also written, to be carried off this host. */
  FINDME_CHECKPOINTS: z.string().optional(),
  /** Seconds between probes of every partner. */
  FINDME_PROBE_SECONDS: seconds.default(10),
  /** Hours for which the data of an ended alert is kept before it is erased by itself. */
  FINDME_ERASE_AFTER_HOURS: z.coerce.number().int().min(0).default(72),
  /** Port of the dispatcher's health and metrics; 0 for none fixed. */
  FINDME_DISPATCHER_PORT: port.default(3001),
  /** Port of the simulated partners' control address. */
  FINDME_PARTNERS_PORT: port.default(4100),
});

/** What the simulated partners need; they are given no database. */
const partnersSchema = schema.pick({ PORT: true, FINDME_PUBLIC_URL: true, FINDME_CONFIG: true, FINDME_SECRETS: true, FINDME_PARTNERS_PORT: true });

type WithPublicUrl<T> = T & { readonly FINDME_PUBLIC_URL: string };
export type Environment = WithPublicUrl<z.infer<typeof schema>>;
export type PartnersEnvironment = WithPublicUrl<z.infer<typeof partnersSchema>>;

/** Reads the environment once. Throws one refusal that names every variable at fault, without its value. */
export const readEnvironment = (variables: NodeJS.ProcessEnv): Environment => read(schema, variables);

/** As `readEnvironment`, for the simulated partners. */
export const readPartnersEnvironment = (variables: NodeJS.ProcessEnv): PartnersEnvironment => read(partnersSchema, variables);

function read<T extends { PORT: number; FINDME_PUBLIC_URL?: string | undefined }>(of: z.ZodType<T>, variables: NodeJS.ProcessEnv): WithPublicUrl<T> {
  const parsed = of.safeParse(variables);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue): Fault => ({ code: 'CONFIGURATION_INVALID', field: issue.path.join('.'), detail: issue.message }));
    throw new Refusal(faults as [Fault, ...Fault[]]);
  }
  return { ...parsed.data, FINDME_PUBLIC_URL: parsed.data.FINDME_PUBLIC_URL ?? `http://localhost:${parsed.data.PORT}` };
}
