// Writes minutes to a history, one batch after another, and says which are committed. Runs until it is killed.
import { HistoryStore } from '../../src/daemon/telemetry/history-store.js';
import { minuteMs, someEvent, someMinute } from './minutes.js';

const [path, first] = process.argv.slice(2);
const store = new HistoryStore({ path: path!, days: 3650, bytesMax: 1 << 28 });
for (let beginMs = Number(first); ; beginMs += minuteMs) {
  store.write({ events: [someEvent(beginMs)], minutes: [someMinute(beginMs)] });
  process.stdout.write(`${beginMs}\n`);
}
