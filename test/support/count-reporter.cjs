// The normal output of mocha, and the totals as JSON in the file that the reporter option `counts` names.
const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Runner.constants;

module.exports = class CountReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on(EVENT_TEST_PENDING, (test) => {
      if (!test.isNotHere) skipped.push(test.fullTitle());
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      writeFileSync(options.reporterOption.counts, JSON.stringify({ passed: passes, failed: failures, skipped }));
    });
  }
};
