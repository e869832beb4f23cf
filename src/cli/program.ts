// The command line: names, flags and help. What each command does is in the file of its name.
import { readFileSync } from 'node:fs';
import { Command, type OutputConfiguration } from 'commander';
import { connect, type Client } from '../client/index.js';
import { call, prepareCall } from './call.js';
import { runDemo } from './demo.js';
import { exitCodes, exitCodesHelp } from './exit-codes.js';
import { report, UsageError } from './failure.js';
import { mute, printPolicy, setFloor, unmute, type PolicyStatus } from './policy.js';
import { addObservation } from './observation.js';
import { price, pricedJson, printPriced, type PriceFlags } from './price.js';
import { plain } from './show.js';
import { printJson, printResult, simulateRequest, watch, type SimulateFlags } from './simulate.js';
import { getStatus, printStatus } from './status.js';
import { jsonLine, type Terminal } from './terminal.js';

interface GlobalFlags {
  readonly socket?: string;
  readonly address?: string;
  readonly serverUid?: string;
  readonly timeout?: string;
  readonly json?: boolean;
}

/** Runs one command line and resolves with its exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync([...args], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    return report(error, terminal);
  }
}

export function version(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function program(terminal: Terminal): Command {
  const output: OutputConfiguration = {
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.error(text),
    outputError: (text, write) => write(text.replace(/^error: /, 'acceld: ')),
    getOutHasColors: () => terminal.hasColor,
  };
  const root = new Command('acceld')
    .description("Lends one machine's accelerators to many programs, safely.")
    .version(version())
    .option('--socket <path>', "the daemon's Unix socket (environment: ACCELD_SOCKET)")
    .option('--address <host:port>', 'a loopback address in place of the socket')
    .option('--server-uid <uid>', 'user id of the daemon, if it is neither root nor yours')
    .option('--timeout <seconds>', 'time for the whole call', '30')
    .option('--json', 'one line of JSON in place of text')
    .exitOverride()
    .configureOutput(output)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', exitCodesHelp);
  addDaemonRoles(root);
  addStatus(root, terminal);
  addPolicy(root, terminal);
  addPrice(root, terminal);
  addSimulate(root, terminal);
  addCall(root, terminal);
  addDemo(root, terminal);
  addObservation(root, { terminal, isJson: () => isJson(root), withClient: (work) => withClient(root, work) });
  root
    .command('version')
    .description('print the version')
    .action(() => terminal.out(`${version()}\n`));
  return root;
}

/** bin/acceld hands these to the daemon before this program starts; they are here for the help. */
function addDaemonRoles(root: Command): void {
  const delegated = (name: string, description: string) =>
    root
      .command(name)
      .description(`${description} (acceld ${name} --help)`)
      .action(() => {
        throw new UsageError(`${name} is a role of the daemon: run it as acceld ${name}`);
      });
  delegated('serve', 'run the daemon');
  delegated('service', 'install, upgrade and run the daemon as a service');
  delegated('check-config', "check the daemon's configuration");
  delegated('doctor', 'say what this machine can do, and why not');
}

function addStatus(root: Command, terminal: Terminal): void {
  root
    .command('status')
    .description('what the daemon is, has and does')
    .addHelpText('after', '\nExamples:\n  acceld status\n  acceld status --json | jq .devices')
    .action(async () => {
      const status = await withClient(root, getStatus);
      if (isJson(root)) terminal.out(jsonLine(plain(status)));
      else printStatus(status, terminal);
    });
}

function addPolicy(root: Command, terminal: Terminal): void {
  const policy = root
    .command('policy')
    .description('silence a voice of policy for a while, or set the lowest rung of the emergency ladder')
    .addHelpText('after', policyHelp);
  const run = async (work: (client: Client) => Promise<PolicyStatus>): Promise<void> => {
    const status = await withClient(root, work);
    if (isJson(root)) terminal.out(jsonLine(plain(status)));
    else printPolicy(status, terminal);
  };
  policy
    .command('mute')
    .description('let a voice have no say')
    .argument('<voice>', 'thermal, memory, load or market')
    .requiredOption('--for <time>', 'at most a day, as 90s, 30m or 8h')
    .action((voice: string, flags: { for: string }) => run((client) => mute(client, { voice, time: flags.for })));
  policy
    .command('unmute')
    .description('give a voice its say again')
    .argument('<voice>', 'thermal, memory, load or market')
    .action((voice: string) => run((client) => unmute(client, voice)));
  policy
    .command('floor')
    .description('set the lowest rung; normal takes it back')
    .argument('<rung>', 'normal, shrink-pools, no-background, no-batch, shed-interactive or order-only')
    .action((rung: string) => run((client) => setFloor(client, rung)));
}

const policyHelp = `
acceld status shows the rung in force, the reasons and who is muted.

Examples:
  acceld policy mute thermal --for 2h
  acceld policy unmute thermal
  acceld policy floor no-batch`;

function addPrice(root: Command, terminal: Terminal): void {
  root
    .command('price')
    .description('price European options: every combination of types, strikes and expiries')
    .requiredOption('--type <types>', 'call, put or call,put')
    .option('--model <model>', 'black-scholes-merton or black-76', 'black-scholes-merton')
    .option('--spot <number>', 'spot price')
    .option('--forward <number>', 'forward price (black-76)')
    .requiredOption('--strike, --strikes <numbers>', 'one strike, or several between commas')
    .requiredOption('--rate <number>', 'continuous rate per year: 0.05 is 5 %')
    .option('--dividend-yield <number>', 'continuous dividend yield per year')
    .requiredOption('--volatility <number>', 'per square root of a year: 0.2 is 20 %')
    .option('--years <numbers>', 'time to expiry in years')
    .option('--days <numbers>', 'time to expiry in days of a year of 365')
    .option('--values <values>', 'price, delta, gamma, vega, theta, rho, … or all', 'price,delta,gamma,vega,theta,rho')
    .option('--precision <precision>', 'f64 or f32')
    .option('--device <device>', 'auto, cpu, gpu or neural-engine')
    .addHelpText('after', priceExamples)
    .action(async (flags: PriceFlags) => {
      const priced = await withClient(root, (client) => price(client, flags));
      if (isJson(root)) terminal.out(jsonLine(pricedJson(priced)));
      else printPriced(priced, terminal);
    });
}

const priceExamples = `
Examples:
  acceld price --type call --spot 100 --strike 105 --rate 0.05 --volatility 0.2 --days 30
  acceld price --type call,put --spot 100 --strikes 90,100,110 --rate 0.05 --volatility 0.2 --years 0.5,1
  acceld price --type put --model black-76 --forward 72.5 --strike 70 --rate 0.03 --volatility 0.4 --days 45 --json`;

function addSimulate(root: Command, terminal: Terminal): void {
  root
    .command('simulate')
    .description('price one option by Monte Carlo, with its standard error')
    .requiredOption('--type <type>', 'call or put')
    .requiredOption('--spot <number>', 'spot price')
    .requiredOption('--strike <number>', 'strike price')
    .requiredOption('--rate <number>', 'continuous rate per year: 0.05 is 5 %')
    .option('--dividend-yield <number>', 'continuous dividend yield per year')
    .requiredOption('--volatility <number>', 'per square root of a year: 0.2 is 20 %')
    .option('--years <number>', 'time to expiry in years')
    .option('--days <number>', 'time to expiry in days of a year of 365')
    .option('--payoff <payoff>', 'european, asian or barrier', 'european')
    .option('--averaging <averaging>', 'arithmetic or geometric (asian)', 'arithmetic')
    .option('--fixings <count>', 'fixings at even distances up to the expiry (asian)')
    .option('--fixing-years <numbers>', 'times of the fixings in years (asian)')
    .option('--barrier <price>', 'barrier price (barrier)')
    .option('--barrier-kind <kind>', 'up-and-out, up-and-in, down-and-out or down-and-in (barrier)')
    .option('--rebate <amount>', 'paid when the option ends without its payoff (barrier)')
    .option('--monitorings <count>', 'looks at the barrier, at even distances up to the expiry (barrier)')
    .option('--paths <count>', 'paths at most; 1,048,576 where nothing else ends the simulation')
    .option('--target-error <amount>', 'end at this standard error')
    .option('--seconds <number>', 'end after this time')
    .option('--seed <number>', 'key of the random numbers', '0')
    .option('--antithetic', 'paths in pairs of opposite normals')
    .option('--control-variate', 'take the known mean of a similar payoff into account')
    .option('--greeks', 'also delta and vega')
    .option('--device <device>', 'auto, cpu, gpu or neural-engine')
    .addHelpText('after', simulateExamples)
    .action(async (flags: SimulateFlags) => {
      const request = simulateRequest(flags);
      if (Number(flags.seconds) >= Number(root.opts<GlobalFlags>().timeout))
        throw new UsageError(`--seconds must be below --timeout, got ${flags.seconds}`);
      await withClient(root, async (client) => {
        if (isJson(root)) await printJson({ client, request }, terminal);
        else printResult((await watch({ client, request }, terminal)).at(-1)!, terminal);
      });
    });
}

const simulateExamples = `
Examples:
  acceld simulate --type call --spot 100 --strike 105 --rate 0.05 --volatility 0.2 --years 1 --target-error 0.01
  acceld simulate --type call --spot 100 --strike 100 --rate 0.05 --volatility 0.2 --years 1 \\
    --payoff asian --fixings 252 --control-variate --greeks
  acceld simulate --type put --spot 100 --strike 100 --rate 0.05 --volatility 0.3 --days 90 \\
    --payoff barrier --barrier 80 --barrier-kind down-and-out --monitorings 63 --seconds 2 --json`;

function addCall(root: Command, terminal: Terminal): void {
  root
    .command('call')
    .description('call any method; prints the reply as JSON')
    .argument('<method>', 'acceld.v1.PricingService/PriceOptions, pricing.priceOptions or PriceOptions')
    .argument('[json]', 'the request, @FILE, or - for standard input', '{}')
    .addHelpText('after', callHelp)
    .action(async (name: string, json: string) => {
      const prepared = prepareCall(name, json, terminal);
      await withClient(root, async (client) => {
        for await (const reply of call(client, prepared)) terminal.out(jsonLine(reply));
      });
    });
}

const callHelp = `
Field names are in camel case, bytes in base64, 64-bit numbers may be strings. A tensor may be given as a number or an
array of numbers or codes; tensors of the reply are printed as arrays.

Examples:
  acceld call GetStatus
  acceld call pricing.priceOptions '{"model": "BLACK_SCHOLES_MERTON", "type": ["CALL", "PUT"], "spot": 100,
    "strike": 105, "rate": 0.05, "volatility": 0.2, "yearsToExpiry": 0.5}'
  acceld call acceld.v1.PricingService/PriceOptions @request.json`;

function addDemo(root: Command, terminal: Terminal): void {
  root
    .command('demo')
    .description('start a private daemon, price an option chain on real S&P 500 bars, stop the daemon')
    .addHelpText('after', '\nExample:\n  acceld demo')
    .action(() => runDemo(terminal));
}

const isJson = (root: Command): boolean => root.opts<GlobalFlags>().json ?? false;

async function withClient<Result>(root: Command, work: (client: Client) => Promise<Result>): Promise<Result> {
  const { socket, address, timeout, serverUid } = root.opts<GlobalFlags>();
  const timeoutMs = Number(timeout) * 1e3;
  if (!(timeoutMs > 0)) throw new UsageError(`--timeout must be a number of seconds above 0, got ${timeout}`);
  const client = open({
    socket,
    address,
    timeoutMs,
    serverUid: serverUid === undefined ? undefined : Number(serverUid),
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** Wrong options of the connection are wrong use, not a failed call. */
function open(options: Parameters<typeof connect>[0]): Client {
  try {
    return connect(options);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
