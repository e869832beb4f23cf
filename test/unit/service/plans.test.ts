import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Facts, VersionFacts } from '../../../src/daemon/service/facts.js';
import { layoutOf } from '../../../src/daemon/service/layout.js';
import { compareVersions } from '../../../src/daemon/service/package-file.js';
import * as plans from '../../../src/daemon/service/plans.js';
import { statusOf, statusText } from '../../../src/daemon/service/report.js';
import { describeStep, type Step } from '../../../src/daemon/service/step.js';

const programs = { launchd: '', systemd: '', journal: '' };
const machine = {
  system: 'darwin',
  root: '/scratch',
  home: '/h',
  uid: 501,
  runtimeFolder: undefined,
  programs,
} as const;
const layout = layoutOf(machine, 'system');
const version = (name: string): VersionFacts => {
  return { version: name, node: 'v22.0.0', system: 'darwin', processor: 'arm64', digest: '' };
};
const absent: Facts = { current: undefined, previous: undefined, hasUnits: false, problems: [] };
const present: Facts = { ...absent, current: version('1.2.0'), hasUnits: true };

const situation = (change: Partial<plans.Situation> = {}): plans.Situation => ({
  layout,
  owner: { name: '_acceld', group: '_acceld', uid: 300, gid: 300 },
  facts: present,
  state: { isLoaded: true, pid: 7, lastExit: undefined },
  versions: ['1.2.0'],
  hasConfig: true,
  ...change,
});

const arrival = (name: string): plans.Arrival => ({
  facts: { version: name },
  source: { kind: 'package', path: '/p.tgz' },
  template: () => '',
});

const lines = (steps: readonly Step[]): string[] =>
  steps.map((step) => describeStep(step, (action) => [action], { withText: false }));

const position = (steps: readonly Step[], pattern: RegExp): number =>
  lines(steps).findIndex((line) => pattern.test(line));

describe('plans', () => {
  it('install lays out everything before the service is loaded, and loads it before it waits', () => {
    const nothing = { isLoaded: false, pid: undefined, lastExit: undefined };
    const steps = plans.install(situation({ facts: absent, state: nothing, versions: [] }), arrival('1.2.0'));
    const order = [
      /^unpack/,
      /^check .*1\.2\.0\.new$/,
      /^rename/,
      /^link .*current/,
      /^write .*plist/,
      /^run +load/,
      /^wait/,
    ];
    const positions = order.map((pattern) => position(steps, pattern));
    assert.ok(positions.every((each) => each >= 0));
    assert.deepEqual(
      [...positions].sort((a, b) => a - b),
      positions,
    );
    assert.throws(() => plans.install(situation(), arrival('1.3.0')), /1\.2\.0 is installed: use upgrade/);
    assert.deepEqual(plans.install(situation(), arrival('1.2.0')), []);
  });

  it('upgrade copies the state of a stopped daemon, and forgets only versions before the last', () => {
    const upgrading = situation({ versions: ['1.0.0', '1.2.0'] });
    const steps = plans.upgrade(upgrading, arrival('1.3.0'), { isDowngradeAllowed: false });
    assert.ok(position(steps, /^run +unload/) < position(steps, /^copy .*state/));
    assert.ok(position(steps, /^copy .*state/) < position(steps, /^run +load/));
    assert.match(lines(steps).at(-1)!, /^remove .*versions\/1\.0\.0$/);
    assert.equal(position(steps, /^remove .*versions\/1\.2\.0/), -1);
    const older = (isDowngradeAllowed: boolean) => plans.upgrade(situation(), arrival('1.1.9'), { isDowngradeAllowed });
    assert.throws(() => older(false), /older than 1\.2\.0/);
    assert.ok(older(true).length > 0);
  });

  it('uninstall keeps the data unless all is purged', () => {
    const removed = (isPurge: boolean) => lines(plans.uninstall(situation(), { isPurge })).join('\n');
    for (const path of [layout.state, layout.config, layout.logs!]) {
      assert.ok(!removed(false).includes(`${path}\n`) && removed(true).includes(`${path}\n`), path);
    }
  });

  it('what is absent can only be installed', () => {
    const none = situation({ facts: absent });
    for (const plan of [plans.start, plans.stop, plans.restart]) assert.throws(() => plan(none), /is not installed/);
    const rollback = () => plans.rollback(situation(), { restoresState: false, template: () => '' });
    assert.throws(rollback, /no previous version/);
  });

  it('versions are in order by numbers, and a word comes before the release', () => {
    const sorted = ['0.9.0', '0.10.0-alpha', '0.10.0-beta', '0.10.0', '1.0.0'];
    assert.deepEqual([...sorted].reverse().sort(compareVersions), sorted);
    assert.equal(compareVersions('1.0.0', '1.0.0'), 0);
  });

  it('status has a code for monitoring', () => {
    const code = (change: Partial<plans.Situation>): number => statusOf(situation(change)).code;
    assert.equal(code({}), 0);
    assert.equal(code({ state: { isLoaded: true, pid: undefined, lastExit: '70' } }), 3);
    assert.equal(code({ facts: absent }), 4);
    assert.equal(code({ facts: { ...present, problems: ['x'] } }), 1);
    assert.match(statusText(statusOf(situation())), /^acceld 1\.2\.0 \(system\): running, pid 7\n/);
  });
});
