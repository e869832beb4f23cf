/** Where the threads of the CPU device run. */
export interface CorePlan {
  /** Of urgent work, and of bulk work unless it has another number. */
  readonly threads: number;
  /** Numbers of the processors of urgent work. Unset: any, or the system chooses by the threads' class. */
  readonly urgentCpus?: readonly number[] | undefined;
  readonly bulkThreads?: number | undefined;
  /** Threads of BACKGROUND alone. Unset: it shares those of BATCH. */
  readonly background?: { readonly threads: number; readonly cpus?: readonly number[] | undefined } | undefined;
}
