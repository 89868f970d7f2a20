import { pino } from 'pino';
import type { Log } from '#kernel/log.js';

/** Structured log: one JSON line an event, on standard error so that standard output stays for results. */
export function processLog(app: string): Log {
  const logger = pino({ base: { app }, messageKey: 'event', timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } }, pino.destination(2));
  return {
    event: (name, fields, level = 'info') => {
      logger[level]({ ...fields, event: name });
    },
  };
}
