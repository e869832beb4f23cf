// Every setting with its default and its border. docs/OPERATING.md lists them; `acceld check-config` checks a file.
import { z } from 'zod';
import { messageBytesMax } from '../base/limits.js';
import { policySchema } from './policy-schema.js';

const port = z.int().min(0).max(65_535);

const limits = (defaults: { requests: number; bytes: number; queued: number }) =>
  z
    .strictObject({
      /** Calls at once, waiting or running. */
      requests_in_flight_max: z.int().min(1).max(1_000_000).default(defaults.requests),
      /** Bytes of their requests and answers, until an answer has left. At least those of one call with the largest of both. */
      bytes_in_flight_max: z
        .int()
        .min(2 * messageBytesMax)
        .max(68_719_476_736)
        .default(defaults.bytes),
      /** Jobs that wait in a lane. */
      queued_max: z.int().min(1).max(1_000_000).default(defaults.queued),
    })
    .prefault({});

export const schema = z.strictObject({
  listeners: z
    .strictObject({
      unix: z.strictObject({ path: z.string().min(1).optional() }).prefault({}),
      /** Any local user can connect: off until callers have identities. */
      tcp: z.strictObject({ enabled: z.boolean().default(false), port: port.default(9465) }).prefault({}),
    })
    .prefault({}),
  http: z.strictObject({ enabled: z.boolean().default(true), port: port.default(9464) }).prefault({}),
  admission: z
    .strictObject({
      // 256 MiB are 64 of the largest messages: the copies of one caller stay below a fiftieth of a 16 GiB machine.
      per_caller: limits({ requests: 1024, bytes: 268_435_456, queued: 512 }),
      daemon: limits({ requests: 4096, bytes: 1_073_741_824, queued: 2048 }),
    })
    .prefault({}),
  cpu: z
    .strictObject({
      /** Threads of each of the two pools. Unset: one per core. */
      threads: z.int().min(1).max(1024).optional(),
    })
    .prefault({}),
  gpu: z
    .strictObject({
      /** A worker process looks for a GPU; a machine without one loses nothing by it. */
      enabled: z.boolean().default(true),
      /** A second worker, ready to take over at once when the first one dies. Costs its memory: on PoCL 78 MB, 16 of them its own. */
      standby: z.boolean().default(true),
      /** Memory that the workers share with the daemon, for the columns of all jobs on the GPU at once. */
      memory_bytes: z.int().min(16_777_216).max(68_719_476_736).default(33_554_432),
      /** One result of the GPU in so many is computed again on the CPU and compared. */
      check_one_in: z.int().min(1).max(1_000_000).default(1000),
    })
    .prefault({}),
  memory: z
    .strictObject({
      /** Of regions and of what workers share, together. Unset: a quarter of the machine. */
      budget_bytes: z.int().min(16_777_216).max(1_099_511_627_776).optional(),
      /** Regions of one caller. Unset: half of the budget. */
      caller_bytes: z.int().min(1_048_576).max(1_099_511_627_776).optional(),
      /** Memory that must stay available on the machine, or it would begin to swap. 0: not looked at. */
      reserve_bytes: z.int().min(0).max(1_099_511_627_776).default(268_435_456),
    })
    .prefault({}),
  policy: policySchema,
  history: z
    .strictObject({
      /** Events and roll-ups of minutes in an SQLite file. Costs a thread: about 15 MB resident. */
      enabled: z.boolean().default(true),
      /** Unset: history.sqlite beside the socket. */
      path: z.string().min(1).optional(),
      /** Older rows go. */
      days: z.int().min(1).max(3650).default(30),
      /** Of the file; the oldest rows go. A busy day of twenty series takes 6 MB. */
      bytes_max: z.int().min(1_048_576).max(68_719_476_736).default(134_217_728),
    })
    .prefault({}),
  log: z
    .strictObject({
      /** In place of standard output. Opened again on SIGHUP, once it was moved away. */
      file: z.string().min(1).optional(),
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      /** One of so many calls that succeed quickly is logged; failures and slow calls always are. */
      sample_one_in: z.int().min(1).max(1_000_000).default(1000),
    })
    .prefault({}),
  runtime: z
    .strictObject({
      /** Lets the TCP listener open on a Node.js line that no longer gets security fixes. */
      allow_eol: z.boolean().default(false),
    })
    .prefault({}),
});

export type Config = z.output<typeof schema>;
