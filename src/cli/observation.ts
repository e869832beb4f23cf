// The commands that look at a daemon without asking it for work: their flags and help.
import type { Command } from 'commander';
import type { Client } from '../client/index.js';
import { printHistory, readHistory, type HistoryFlags } from './history.js';
import { plain } from './show.js';
import { jsonLine, type Terminal } from './terminal.js';
import { top } from './top.js';

export interface Surroundings {
  readonly terminal: Terminal;
  readonly isJson: () => boolean;
  readonly withClient: <Result>(work: (client: Client) => Promise<Result>) => Promise<Result>;
}

export function addObservation(root: Command, { terminal, isJson, withClient }: Surroundings): void {
  root
    .command('top')
    .description('watch devices, lanes, operations and callers; q ends it')
    .option('--once', 'print one look and end, as where nobody sits at a screen')
    .addHelpText('after', '\nExamples:\n  acceld top\n  acceld top --once')
    .action((flags: { once?: boolean }) =>
      withClient((client) => top(client, terminal, { once: flags.once ?? false })),
    );
  root
    .command('history')
    .description('what the daemon has kept: events, calls, callers, allowance and readings')
    .option('--since <time>', 'from so long ago, as 90s, 30m, 8h or 2d', '2h')
    .option('--kind <kinds>', 'events of these kinds alone, as worker-died,bug')
    .option('--step <time>', 'roll-ups of this length in place of one for the whole time')
    .option('--rows <count>', 'rows of each list at most, the newest; 1000 unless told, at most 4000')
    .addHelpText('after', historyExamples)
    .action(async (flags: HistoryFlags) => {
      const past = await withClient((client) => readHistory(client, flags));
      if (isJson()) terminal.out(jsonLine(plain(past)));
      else printHistory(past, flags, terminal);
    });
  root
    .command('metrics')
    .description('every metric in the text format of Prometheus, those that name callers included')
    .addHelpText('after', '\nExample:\n  acceld metrics | grep acceld_caller')
    .action(async () => terminal.out((await withClient((client) => client.admin.getMetrics())).text));
}

const historyExamples = `
Examples:
  acceld history
  acceld history --since 7d --step 1d
  acceld history --since 30d --kind worker-died,kernel-quarantined
  acceld history --since 1h --json | jq .callers`;
