/** Time. The only file of the daemon that reads a clock. */
export interface Clock {
  /** Monotonic nanoseconds; only differences mean anything. */
  nowNs(): number;
  /** Milliseconds since the Unix epoch, for the deadlines of clients. */
  wallMs(): number;
  /** Calls `act` once, after so many milliseconds, and keeps no process alive for it. Returns what calls it off. */
  later(ms: number, act: () => void): () => void;
}

/** A longer timer of Node.js would end at once. */
const timerMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowNs: () => performance.now() * 1e6,
  wallMs: () => Date.now(),
  later: (ms, act) => {
    const timer = setTimeout(act, Math.min(Math.ceil(ms), timerMsMax)).unref();
    return () => clearTimeout(timer);
  },
};
