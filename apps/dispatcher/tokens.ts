/** Names under which the dispatcher's parts are injected. */
export const DISPATCHER = Symbol('dispatcher');
export const HOUSE = Symbol('house');
export const LOG = Symbol('log');
