import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { frame } from '../../../src/cli/screen.js';
import type { Status } from '../../../src/cli/status.js';
import { linesOf } from '../../../src/cli/top-frame.js';
import { GetStatusResponse } from '../../../src/gen/acceld/v1/admin_service.js';
import { Device, Priority } from '../../../src/gen/acceld/v1/execution.js';

const status = (uptimeSeconds: number, busySeconds: number): Status =>
  GetStatusResponse.fromPartial({
    ...{ version: '1.2.3', pid: 7, uptimeSeconds, serving: true, connections: 2, residentBytes: 1 << 20 },
    allowance: 'normal',
    devices: [{ device: Device.DEVICE_CPU, up: true, name: 'a cpu', busySeconds, busyRatio: 0.5 }],
    lanes: [{ priority: Priority.PRIORITY_ORDER, queued: 1, running: 2 }],
    operations: [{ operation: 'an-operation', calls: 9, failures: 1, p50Seconds: 0.001, p99Seconds: 0.25 }],
    callers: [
      { name: 'uid:5\u001b[31m', requestsInFlight: 3, minuteCalls: 9, minuteDeviceSeconds: 4, deviceSeconds: 5 },
    ],
    sensors: { temperatureCelsius: 61.25, thermalLevel: 1 },
  });

const text = (before: Status | undefined): string =>
  linesOf({ status: status(110, 13), before })
    .map((line) => line.text)
    .join('\n');

describe('acceld top', () => {
  it('shows devices, lanes, operations, callers and the sensors that there are', () => {
    const seen = text(status(100, 0));
    for (const line of [
      /acceld 1\.2\.3, pid 7: serving for 1 min, allowance normal/,
      /2 connections, 1\.0 MiB resident, 61\.3 °C, thermal fair$/m,
      /cpu +up +█████░░░░░ +50 % +1\.30 threads +- +a cpu/,
      /order +1 +2/,
      /an-operation +9 +1 +1\.00 ms +250\.00 ms/,
      /uid:5\[31m +3 +0 +9 +4\.00 s +5\.00 s/,
    ]) {
      assert.match(seen, line);
    }
    assert.ok(!seen.includes('\u001b'), 'a name steers no terminal');
  });

  it('says nothing of now at the first look', () => {
    assert.match(text(undefined), /cpu +up +█████░░░░░ +50 % +- +-/);
  });

  it('fits the screen', () => {
    const drawn = frame([{ text: 'head', isHead: true }, { text: 'äöü and more' }, { text: 'too much' }], {
      columns: 3,
      rows: 2,
    });
    assert.equal(drawn, '\u001b[H\u001b[1mhea\u001b[22m\u001b[K\r\näöü\u001b[K\u001b[J');
  });
});
