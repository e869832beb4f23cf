// Whether the past is being kept. The only series of history: its contents are for operators.
import { Counter, Gauge, type Registry } from 'prom-client';

/** History at the time of a scrape. */
export interface HistoryReading {
  /** The last batch was written. */
  readonly up: boolean;
  readonly rowsWritten: number;
  /** Events and minutes that nobody will find. */
  readonly rowsDropped: number;
  /** Of the database; undefined: it was never opened. */
  readonly bytes: number | undefined;
}

/** `history`: undefined while nothing is kept; then there are no series. */
export function createHistoryMetrics(history: () => HistoryReading | undefined, registers: Registry[]): void {
  new Gauge({
    name: 'acceld_history_up',
    help: '0: the history cannot be written.',
    registers,
    collect() {
      this.remove();
      const reading = history();
      if (reading) this.set(reading.up ? 1 : 0);
    },
  });
  new Gauge({
    name: 'acceld_history_bytes',
    help: 'Size of the database.',
    registers,
    collect() {
      this.remove();
      const bytes = history()?.bytes;
      if (bytes !== undefined) this.set(bytes);
    },
  });
  const count = (field: 'rowsWritten' | 'rowsDropped', metric: { name: string; help: string }): void => {
    new Counter({
      ...metric,
      registers,
      collect() {
        this.remove();
        const reading = history();
        if (reading) this.inc(reading[field]);
      },
    });
  };
  count('rowsWritten', { name: 'acceld_history_rows_total', help: 'Events and minutes that were written.' });
  count('rowsDropped', { name: 'acceld_history_dropped_total', help: 'Events and minutes that could not be kept.' });
}
