import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, it } from 'mocha';
import { Device, Priority } from '../../../src/gen/acceld/v1/execution.js';
import type { CallFinished } from '../../../src/daemon/base/events.js';
import { heapGrowth, longBytesOf, watchHeapGrowth, type HeapGrowth } from '../../../src/daemon/policy/heap-growth.js';
import { eventually } from '../../support/eventually.js';

const call = (bytes: number): CallFinished => ({
  kind: 'call-finished',
  requestId: '',
  caller: '',
  operation: '',
  priority: Priority.PRIORITY_BATCH,
  device: Device.DEVICE_CPU,
  outcome: 'OK',
  message: '',
  rows: 1,
  requestBytes: bytes,
  responseBytes: bytes,
  copiedBytes: 0,
  sharedBytes: 0,
  queueNs: 0,
  computeNs: 0,
  totalNs: 0,
});

describe('policy/heap-growth', () => {
  let watch: HeapGrowth | undefined;
  afterEach(() => watch?.close());

  it('counts the messages that have memory of their own', () => {
    assert.deepEqual([0, 4095, 4096, 1e6].map(longBytesOf), [0, 0, 4096, 1e6]);
    assert.deepEqual([0, 8e6, 9e6].map(heapGrowth), [100, 100, 400]);
  });

  it('lets the heap grow while long messages fill the memory, and no longer', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const set: number[] = [];
    watch = watchHeapGrowth((percent) => set.push(percent));
    for (let calls = 0; calls < 3; calls += 1) watch.observe(call(2e6));
    collect();
    await eventually(() => assert.deepEqual(set, [100, 400]));
    for (let calls = 0; calls < 1e5; calls += 1) watch.observe(call(400));
    collect();
    await eventually(() => assert.deepEqual(set, [100, 400, 100]));
    // A collection that changes nothing sets nothing: the next entry is that of long messages again.
    collect();
    for (let calls = 0; calls < 3; calls += 1) watch.observe(call(2e6));
    collect();
    await eventually(() => assert.deepEqual(set, [100, 400, 100, 400]));
  });
});
