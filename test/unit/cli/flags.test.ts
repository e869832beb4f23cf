import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { UsageError } from '../../../src/cli/failure.js';
import { secondsOf } from '../../../src/cli/flags.js';

describe('times of the command line', () => {
  it('are whole numbers with a unit, and 30min is 30m', () => {
    const words = ['90s', '30m', '30min', '8h', '2d'];
    assert.deepEqual(
      words.map((word) => secondsOf(word, '--since')),
      [90, 1800, 1800, 28_800, 172_800],
    );
  });

  it('are nothing else, and the message has the form', () => {
    for (const word of ['', '2', 'h', '0s', '-1h', '1.5h', '2 h', '1y', '1M', '1h30m', '9999999999s']) {
      assert.throws(
        () => secondsOf(word, '--since'),
        (error: Error) =>
          error instanceof UsageError &&
          error.message ===
            `--since must be a whole number above 0 with its unit, as 90s, 30m, 8h or 2d, got ${JSON.stringify(word)}`,
      );
    }
  });
});
