/** Time. The only file of the daemon that reads a clock. */
export interface Clock {
  /** Monotonic nanoseconds; only differences mean anything. */
  nowNs(): number;
  /** Milliseconds since the Unix epoch, for the deadlines of clients. */
  wallMs(): number;
}

export const systemClock: Clock = {
  nowNs: () => performance.now() * 1e6,
  wallMs: () => Date.now(),
};
