// `acceld doctor`: says what this machine can do and why not, by doing it once. Starts nothing that stays.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../base/clock.js';
import type { CorePlan } from '../base/cores.js';
import type { Event } from '../base/events.js';
import type { Config } from '../config/schema.js';
import type { Device, DeviceInfo } from '../devices/device.js';
import type { HostAddon } from '../devices/host-addon.js';
import { openDevices, type OpenDevices } from '../open-devices.js';
import { goldenPlans } from '../operations/index.js';
import { compute, haveSameBits } from '../devices/qualification.js';
import type { Finding } from './findings.js';
import { lookAtMac } from './mac.js';

/** A driver that is read from a cold disk, and its compiler. */
const gpuMsMax = 90_000;
const probeBytes = 1024 * 1024;

export interface DoctorOptions {
  readonly addon: HostAddon;
  readonly config: Config;
  readonly socket: string;
  /** Where the daemon's threads would run. */
  readonly cores: CorePlan;
}

/** Yields each finding as soon as it is known. */
export async function* examine({ addon, config, socket, cores }: DoctorOptions): AsyncGenerator<Finding> {
  yield* machine(addon);
  yield* hardening(addon);
  yield* await peers(addon);
  yield* await serving(socket);
  yield* await memory(addon);
  const folder = mkdtempSync(join(tmpdir(), 'acceld-doctor-'));
  const events: Event[] = [];
  const announce = (event: Event): number => events.push(event);
  const devices = openDevices({ addon, announce, clock: systemClock, config, folder, cores });
  try {
    await devices.begin();
    yield* await cpu(devices);
    yield* await gpu(devices, config);
    for (const event of events) if (event.kind === 'warning') yield found('gpu', 'warning', 'lacking', event.text);
  } finally {
    await devices.close();
    rmSync(folder, { recursive: true, force: true });
  }
  yield* lookAtMac(addon);
}

const found = (area: string, name: string, state: Finding['state'], detail: string): Finding => ({
  area,
  name,
  state,
  detail,
});

function* machine(addon: HostAddon): Generator<Finding> {
  const gigabytes = (totalmem() / 2 ** 30).toFixed(1);
  const system = `${process.platform} ${release()} ${process.arch}, ${availableParallelism()} cores, ${gigabytes} GiB`;
  yield found('machine', 'system', 'ok', system);
  yield found('machine', 'acceld', 'ok', `${addon.version} on Node.js ${process.versions.node}`);
  const { userLimits } = process.report.getReport() as unknown as { userLimits?: Record<string, { soft: unknown }> };
  const descriptors = userLimits?.['open_files']?.soft;
  const isEnough = descriptors === 'unlimited' || Number(descriptors) >= 1024;
  const detail = `${String(descriptors)} open files; 1,024 connections need as many`;
  yield found('machine', 'limits', descriptors === undefined ? 'unknown' : isEnough ? 'ok' : 'lacking', detail);
}

function* hardening(addon: HostAddon): Generator<Finding> {
  const refused = addon.harden();
  const detail = refused.length === 0 ? 'no core dumps, memory closed to other processes' : refused.join('; ');
  yield found('machine', 'hardening', refused.length === 0 ? 'ok' : 'lacking', detail);
}

/** Whether a connection tells who made it: without that the Unix socket serves nobody. */
async function peers(addon: HostAddon): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'acceld-doctor-'));
  const path = join(folder, 's');
  const server = createServer();
  try {
    await new Promise<void>((done) => server.listen(path, done));
    const client = connect(path);
    const accepted = await new Promise<{ _handle: { fd: number } }>((done) =>
      server.once('connection', (socket) => done(socket as never)),
    );
    const peer = addon.peerCredentials(accepted._handle.fd);
    client.destroy();
    const isRight = peer?.uid === process.geteuid?.() && (peer?.pid === process.pid || peer?.pid === 0);
    const detail = peer ? `uid ${peer.uid}, pid ${peer.pid}` : 'the system does not name the peer of a socket';
    return [found('sockets', 'peer', isRight ? 'ok' : 'broken', detail)];
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function serving(socket: string): Promise<Finding[]> {
  const isServed = await new Promise<boolean>((done) => {
    const connection = connect(socket, () => done(true)).once('error', () => done(false));
    connection.once('connect', () => connection.destroy());
  });
  return [found('sockets', 'daemon', isServed ? 'ok' : 'unknown', `${isServed ? 'serves' : 'no daemon'} at ${socket}`)];
}

async function memory(addon: HostAddon): Promise<Finding[]> {
  try {
    const shared = await addon.createMemory(probeBytes);
    const isZero = new Uint8Array(shared.buffer).every((byte) => byte === 0);
    await shared.close();
    return [found('memory', 'shared', isZero ? 'ok' : 'broken', 'anonymous, and gone with its processes')];
  } catch (error) {
    return [found('memory', 'shared', 'broken', (error as Error).message)];
  }
}

/** The floor must be able to do everything, and twice alike. */
async function cpu({ scheduler, warnings }: OpenDevices): Promise<Finding[]> {
  const [floor] = scheduler.devices;
  const { info } = floor;
  for (const plan of goldenPlans()) {
    const [first, second] = [await compute(floor, plan), await compute(floor, plan, plan.rows * plan.rowUnits)];
    if (haveSameBits(first.outputs, second.outputs)) continue;
    return [found('cpu', plan.kernel, 'broken', 'gives other bits for the same job')];
  }
  return [
    found('cpu', 'device', 'ok', `${info.name}, ${info.variant}, ${info.threads} threads`),
    ...warnings.map((text) => found('cpu', 'threads', 'lacking', text)),
    ...speeds('cpu', info, (kernel) => floor.unitNs(kernel)),
  ];
}

async function gpu({ scheduler, facts }: OpenDevices, config: Config): Promise<Finding[]> {
  const [, device] = scheduler.devices;
  if (!device) return [found('gpu', 'device', 'lacking', `gpu.enabled is ${config.gpu.enabled} in the configuration`)];
  for (let waitedMs = 0; !device.state.up && waitedMs < gpuMsMax; waitedMs += 50) {
    if (device.state.reason.startsWith('down')) break;
    await sleep(50);
  }
  const { info, state } = device;
  if (!state.up) return [found('gpu', 'device', 'lacking', state.reason)];
  return [
    found('gpu', 'device', 'ok', `${info.name}, ${info.engine}, ${info.variant}`),
    ...(await inPlace(device)),
    arithmetic(facts(device).quarantines.length === 0),
    ...facts(device).quarantines.map(({ kernel, reason }) => found('gpu', kernel, 'broken', reason)),
    ...speeds('gpu', info, (kernel) => device.unitNs(kernel)),
  ];
}

/** Golden jobs answer it: one product and sum rounded once instead of twice, and their bits are others. */
const arithmetic = (isExact: boolean): Finding =>
  isExact
    ? found('gpu', 'arithmetic', 'ok', 'rounds to nearest, joins no product with a sum, and no result needs subnormals')
    : found('gpu', 'arithmetic', 'unknown', 'cannot tell: a golden job has other bits than on the CPU, see below');

/** Whether the device computes on memory that it shares with the daemon, or moves every column once more. */
async function inPlace(device: Device): Promise<Finding[]> {
  const plan = goldenPlans().find(({ kernel }) => device.info.kernels.some(({ name }) => name === kernel));
  if (!plan) return [];
  const { copiedBytes, inputs, outputs } = { ...(await compute(device, plan)), inputs: plan.inputs };
  const columns = [...inputs, ...outputs].reduce((sum, column) => sum + (column?.byteLength ?? 0), 0);
  const isInPlace = copiedBytes <= columns;
  const detail = isInPlace
    ? 'uses shared columns where they lie'
    : `copies ${copiedBytes - columns} bytes of a golden job`;
  return [found('gpu', 'columns', isInPlace ? 'ok' : 'lacking', detail)];
}

const speeds = (area: string, { kernels }: DeviceInfo, unitNs: (kernel: string) => number): Finding[] =>
  kernels.map(({ name, digest }) =>
    found(area, name, 'ok', `${unitNs(name).toPrecision(2)} ns a unit of work, bits as they must be, digest ${digest}`),
  );
