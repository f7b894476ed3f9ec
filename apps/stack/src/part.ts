/** A part of the stack ended when it should not have; the message says which, how, and what it said last. */
export class PartDiedError extends Error {}

/** One process of the stack, from its start to its end. */
export interface Part<Ready = unknown> {
  /** Resolves once it serves. Rejects with {@link PartDiedError} where it ends before. */
  readonly ready: Promise<Ready>;
  /** Resolves when the process has ended; never rejects. */
  readonly ended: Promise<PartDiedError>;
  /** Ends it in order, and resolves when it is gone. */
  stop(): Promise<void>;
  /** Sees that it ends although nobody waits for that. */
  abandon(): void;
}
