/** A reason not to go on that the reader can do something about: shown as it is, without a stack. */
export class Refusal extends Error {}
