/**
 * Log events are named and typed: a name and the few fields it may carry. There is no free text, so no child's data,
 * telephone number or secret can slip into a log line.
 */
export interface LogEvents {
  'app.started': { port?: number };
  'app.stopping': { cause: string };
  'app.failed': { cause: string };
  'http.request': { method: string; route: string; status: number; ms: number };
  'http.failed': { method: string; route: string; cause: string; trace: string };
  'alert.decided': { alertId: string; action: string; revision: number };
  'draft.left': { alertId: string; how: 'handed_in' | 'discarded' | 'erased' };
  'outbox.planned': { outboxId: string; alertId: string; revision: number; deliveries: number };
  'delivery.attempted': { deliveryId: string; channel: string; destination: string; attempt: number; outcome: string; reason?: string; ms: number };
  'delivery.rerouted': { deliveryId: string; destination: string; from: number; to: number; reason: string };
  'delivery.skipped': { deliveryId: string; channel: string; destination: string; cause: string };
  'delivery.dead': { deliveryId: string; channel: string; destination: string; reason: string };
  'delivery.recovered': { deliveryId: string; channel: string; destination: string };
  'receipt.received': { channel: string; destination: string; stage: string };
  'receipt.asked': { channel: string; destination: string; asked: number; told: number; unknown: number; cause?: string };
  'receipt.refused': { channel: string; destination: string; cause: string };
  'test.made': { testId: string; channel: string; destination: string; outcome: string; ms: number };
  'erasure.requested': { alertId: string; destination: string };
  'erasure.chased': { alertId: string; destination: string; chase: number; outcome: string };
  'erasure.confirmed': { destination: string; means: string };
  'stream.dropped': { stream: string; cause: string };
  'reader.dropped': { cause: string };
  'audience.dropped': { count: number; cause: string };
  'audience.told': { channel: string; destination: string; part: number; queued: number; gone: number; refused: number; left: number; unsure: number; ms: number };
  'breaker.changed': { destination: string; state: string };
  'probe.failed': { destination: string; reason: string };
  'connection.changed': { channel: string; destination: string; state: string };
  'queue.unavailable': { queue: string };
  'store.failed': { operation: string; cause: string };
  'audit.checkpoint': { seq: string; keyId: string };
}

export type LogLevel = 'info' | 'warn' | 'error';

export interface Log {
  event<Name extends keyof LogEvents>(name: Name, fields: LogEvents[Name], level?: LogLevel): void;
}

/** Discards everything; for pure tests. */
export const silentLog: Log = { event: () => undefined };

/**
 * What may be said of an unforeseen error in a log: its class and code, never its message, which may quote input.
 */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
}
