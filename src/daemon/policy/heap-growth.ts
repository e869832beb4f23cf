// How far V8's heap may grow before it is collected. Messages live outside the heap, but V8 counts their bytes as if the heap
// had grown: long batches would collect a small heap for every few megabytes of them, and spend half their time so.
import { PerformanceObserver, constants as perf, type PerformanceEntry } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import type { Event } from '../base/events.js';

/**
 * Keeps the resident memory flat while small calls run: the heap ends at twice what is alive. 50 costs 8 % of their rate
 * and half as much again of their p99, for 20 MB less.
 */
const growthOfSmallCalls = 100;
/** Long batches ran at 0.3 of a bare echo's rate with 50 or 100 here, and at 0.9 with this. */
const growthOfLongMessages = 400;

/** Half of Node's buffer pool: a longer message has memory of its own, which only a collection frees. */
const longMessageBytes = 4096;
/** Long messages between two collections that were the reason for the second. */
const longBytesMin = 8 * 1024 * 1024;

/** Per cent that the heap may grow, by the bytes of long messages since the last collection. */
export const heapGrowth = (longBytes: number): number =>
  longBytes < longBytesMin ? growthOfSmallCalls : growthOfLongMessages;

export const longBytesOf = (bytes: number): number => (bytes < longMessageBytes ? 0 : bytes);

export interface HeapGrowth {
  readonly observe: (event: Event) => void;
  readonly close: () => void;
}

/** Sets the growth anew after every full collection, by what led to it. V8 reads it at the end of the next one. */
export function watchHeapGrowth(setGrowth = setV8Growth): HeapGrowth {
  let longBytes = 0;
  let current = heapGrowth(0);
  setGrowth(current);
  const observer = new PerformanceObserver((list) => {
    const isFull = list.getEntries().some((entry) => kindOf(entry) === perf.NODE_PERFORMANCE_GC_MAJOR);
    if (!isFull) return;
    const wanted = heapGrowth(longBytes);
    longBytes = 0;
    if (wanted !== current) setGrowth(wanted);
    current = wanted;
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    observe: (event) => {
      if (event.kind === 'call-finished')
        longBytes += longBytesOf(event.requestBytes) + longBytesOf(event.responseBytes);
    },
    close: () => observer.disconnect(),
  };
}

const setV8Growth = (percent: number): void => setFlagsFromString(`--heap-growing-percent=${percent}`);

const kindOf = (entry: PerformanceEntry): unknown => (entry as { detail?: { kind?: unknown } }).detail?.kind;
