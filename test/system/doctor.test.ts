// `acceld doctor` on this machine: src/daemon/doctor/doctor.ts and src/daemon/doctor/findings.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { isHealthy, reportOf, type Finding } from '../../src/daemon/doctor/findings.js';
import { needs, runs } from '../support/missing.js';

const program = fileURLToPath(new URL('../../bin/acceld', import.meta.url));

function doctor(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, ['doctor', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const findingsOf = (text: string): Finding[] => JSON.parse(text) as Finding[];

describe('acceld doctor', function () {
  this.timeout(120_000);

  it('tries the machine, the sockets, the memory and every kernel of the CPU', () => {
    const { status, stdout, stderr } = doctor('--no-gpu', '--json');
    assert.equal(status, 0, stderr);
    const findings = findingsOf(stdout);
    const ok = (area: string) => findings.filter((each) => each.area === area && each.state === 'ok').length;
    assert.deepEqual([ok('memory'), ok('cpu')], [1, 5]);
    assert.ok(findings.some(({ area, name, state }) => area === 'sockets' && name === 'peer' && state === 'ok'));
    const gpu = findings.find(({ area }) => area === 'gpu');
    assert.equal(gpu?.state, 'lacking');
    assert.match(gpu.detail, /gpu\.enabled is false/);
  });

  it('finds the GPU, and that its kernels give the bits of the CPU', function () {
    needs(this, 'pocl-opencl-icd', runs('sh', '-c', 'ls /etc/OpenCL/vendors/*.icd'));
    const { status, stdout } = doctor();
    assert.equal(status, 0, stdout);
    for (const name of ['device', 'columns', 'arithmetic', 'price-options-f32', 'simulate-f32']) {
      assert.match(stdout, new RegExp(`^ok +gpu +${name} `, 'm'));
    }
  });

  it('reads a configuration, and names every problem of it', () => {
    const { status, stderr } = doctor('--http-port', '70000');
    assert.equal(status, 78);
    assert.match(stderr, /http\.port/);
  });

  it('names nobody', () => {
    const socket = join(homedir(), 'acceld-doctor-test.sock');
    assert.ok(!doctor('--no-gpu', '--socket', socket).stdout.includes(socket));
    assert.ok(doctor('--no-gpu', '--socket', socket, '--full').stdout.includes(socket));
  });

  it('is not content with what does not work', () => {
    const finding = (state: Finding['state']): Finding => ({ area: 'cpu', name: 'device', state, detail: 'why' });
    assert.ok(isHealthy([finding('ok'), finding('lacking'), finding('unknown')]));
    assert.ok(!isHealthy([finding('ok'), finding('broken')]));
    assert.equal(reportOf([finding('broken')]), 'BROKEN  cpu  device  why');
  });
});
