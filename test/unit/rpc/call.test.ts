import assert from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { Admission } from '../../../src/daemon/admission/admission.js';
import type { Event } from '../../../src/daemon/base/events.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { answer, FailedCall, type Incoming, type Rooms } from '../../../src/daemon/rpc/call.js';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { Scheduler } from '../../../src/daemon/scheduler/scheduler.js';
import { catalog } from '../../../src/gen/catalog.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openTestRegions } from '../../support/regions.js';

const floor = new CpuDevice(loadHostAddon(), { threads: 1 });

const limits = { requestsInFlightMax: 1, bytesInFlightMax: 100, queuedMax: 1 };

function set(draining = false) {
  const events: Event[] = [];
  const clock = new FakeClock();
  const rooms: Rooms = {
    admission: new Admission({ perCaller: limits, daemon: limits }),
    scheduler: new Scheduler(clock, [floor]),
    look: () => undefined,
    regions: openTestRegions({}, clock).regions,
    clock,
    announce: (event) => events.push(event),
    draining: () => draining,
  };
  const incoming: Incoming = {
    caller: { name: 'uid:1', connection: 'c', pid: 1, isOperator: true },
    bytes: new Uint8Array(),
    requestId: 'mine',
    deadlineMs: Infinity,
    cancellation: () => new AbortController().signal,
    onClosed: (act) => act(),
  };
  return { events, rooms, incoming };
}
const method = catalog.admin.getStatus;

async function failure(promise: Promise<unknown>): Promise<FailedCall> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof FailedCall, String(error));
    return error;
  }
  return assert.fail('the call succeeded');
}

describe('call', () => {
  after(() => floor.close());

  it('answers an unknown error with a fixed text, and announces the cause once under the request id', async () => {
    const { rooms, incoming, events } = set();
    const cause = new TypeError('a secret of the daemon');
    const failed = await failure(
      answer(method, incoming, rooms, () => {
        throw cause;
      }),
    );
    assert.equal(failed.fault.code, 'INTERNAL');
    assert.doesNotMatch(failed.fault.message, /secret/);
    const bugs = events.filter((event) => event.kind === 'bug');
    assert.deepEqual(bugs, [{ kind: 'bug', where: 'get-status', requestId: 'mine', error: cause }]);
  });

  it('keeps a method of operators from others, before it decodes anything', async () => {
    const { rooms, incoming } = set();
    const other = { ...incoming, caller: { ...incoming.caller, isOperator: false }, bytes: Uint8Array.of(0) };
    const failed = await failure(answer(method, other, rooms, () => assert.fail('answered')));
    assert.equal(failed.fault.code, 'NOT_ALLOWED');
  });

  it('treats a rejected promise like a thrown error', async () => {
    const { rooms, incoming } = set();
    const failed = await failure(answer(method, incoming, rooms, () => Promise.reject(new Error('late'))));
    assert.equal(failed.fault.code, 'INTERNAL');
  });

  it('passes faults on with the receipt of what is known', async () => {
    const { rooms, incoming, events } = set();
    const failed = await failure(
      answer(method, incoming, rooms, () => {
        throw new Fault('QUEUE_FULL', 'full');
      }),
    );
    assert.equal(failed.fault.code, 'QUEUE_FULL');
    assert.equal(failed.fault.receipt?.requestId, 'mine');
    assert.equal(events.filter((event) => event.kind === 'call-finished' && event.outcome === 'QUEUE_FULL').length, 1);
  });

  it('announces a fault that cannot be encoded', async () => {
    const { rooms, incoming, events } = set();
    const failed = await failure(
      answer(method, incoming, rooms, () => Promise.reject(new Fault('QUEUE_FULL', 'full'))),
    );
    const cause = new Error('no such number');
    const code = failed.status(({ code }) => {
      if (code !== 'INTERNAL') throw cause;
      return code;
    });
    assert.equal(code, 'INTERNAL');
    assert.deepEqual(events.at(-1), { kind: 'bug', where: 'get-status', requestId: 'mine', error: cause });
  });

  it('names bytes that are no message', async () => {
    const { rooms, incoming } = set();
    const failed = await failure(
      answer(method, { ...incoming, bytes: Uint8Array.of(0x0a, 0xff, 0xff) }, rooms, () => assert.fail('answered')),
    );
    assert.equal(failed.fault.code, 'INVALID_INPUT');
    assert.equal(failed.fault.violations[0]?.field, 'request');
  });

  it('refuses calls while the daemon stops', async () => {
    const { rooms, incoming } = set(true);
    assert.equal(
      (await failure(answer(method, incoming, rooms, () => assert.fail('answered')))).fault.code,
      'DRAINING',
    );
  });
});
