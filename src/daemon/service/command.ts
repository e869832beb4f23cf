// acceld service: installs, upgrades and runs the daemon as a service of launchd or systemd.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exitCodes, StartFailure } from '../base/start-failure.js';
import { carryOut, type World } from './executor.js';
import { layoutOf, type Layout, type Machine, type Scope } from './layout.js';
import { checkSignature, readPackage, readTemplate } from './package-file.js';
import * as plans from './plans.js';
import { lastLines, statusOf, statusText } from './report.js';
import { ServiceFailure } from './service-failure.js';
import { commandLine, journalCommand, openManager, runCommand, type ServiceManager } from './service-manager.js';
import { readSituation } from './situation.js';
import { describeStep, type Step } from './step.js';

export { thisMachine } from './service-manager.js';

export const usage = `acceld service install            installs this version and starts it, now and at every boot or login
acceld service upgrade PACKAGE    puts a signed package (a file, with PACKAGE.sig beside it) in its place
acceld service rollback           goes back to the version before
acceld service uninstall          removes it; state, settings and logs stay
acceld service start|stop|restart
acceld service status             exit code 0 running, 3 stopped, 4 not installed, 1 half done
acceld service logs

Options:
  --system           the machine's daemon, with a user of its own, in place of an agent of yours; needs root
  --user NAME        the daemon's user (install; acceld, on macOS _acceld)
  --dry-run          print every file and command, and do nothing
  --repair           install over what a command that was killed left behind
  --allow-downgrade  upgrade to an older version
  --restore-state    rollback also to the state as it was before the upgrade
  --purge            uninstall also state, settings and logs
  --wait SECONDS     for the daemon to serve, before all is taken back (30)
  --lines N          lines of the log (100)
  --json             print the status for programs
`;

const options = {
  system: { type: 'boolean', default: false },
  user: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  repair: { type: 'boolean', default: false },
  'allow-downgrade': { type: 'boolean', default: false },
  'restore-state': { type: 'boolean', default: false },
  purge: { type: 'boolean', default: false },
  wait: { type: 'string', default: '30' },
  lines: { type: 'string', default: '100' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Flags = ReturnType<typeof parse>['values'];

export interface ServiceProgram {
  readonly machine: Machine;
  /** The package that this program is of. */
  readonly appFolder: string;
  readonly out: (text: string) => void;
}

interface Call extends ServiceProgram {
  readonly flags: Flags;
  readonly file: string | undefined;
  readonly layout: Layout;
  readonly manager: ServiceManager;
  readonly situation: plans.Situation;
}

/** Returns the exit code. Throws StartFailure. */
export async function runService(args: readonly string[], program: ServiceProgram): Promise<number> {
  const { values: flags, positionals } = parse(args);
  const [verb = '', file, ...more] = positionals;
  if (flags.help) return print(program, usage);
  const isKnown = verb in changes || verb === 'status' || verb === 'logs';
  if (!isKnown || more.length > 0 || (file !== undefined) !== (verb === 'upgrade')) throw wrongUse(`service ${verb}`);
  try {
    const call = await open({ ...program, flags, file }, flags.system ? 'system' : 'user');
    if (verb === 'status') return status(call);
    if (verb === 'logs') return await logs(call);
    return await change(verb, call);
  } catch (error) {
    if (error instanceof ServiceFailure) throw new StartFailure(exitCodes.system, error.message);
    throw error;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw wrongUse((error as Error).message);
  }
}

const wrongUse = (what: string): StartFailure =>
  new StartFailure(exitCodes.configuration, `${what}: see acceld service --help`);

async function open(program: ServiceProgram & Pick<Call, 'flags' | 'file'>, scope: Scope): Promise<Call> {
  const { machine, flags } = program;
  const layout = layoutOf(machine, scope);
  const manager = await openManager(machine, layout);
  const situation = await readSituation({ machine, layout, manager, user: flags.user });
  return { ...program, layout, manager, situation };
}

const changes: Readonly<Record<string, (call: Call) => Step[]>> = {
  install: ({ situation, appFolder }) => plans.install(situation, ownArrival(appFolder)),
  upgrade: ({ situation, file, layout, flags }) => {
    const path = resolve(file!);
    checkSignature(file!, layout.current);
    const template = (name: string) => readTemplate(path, name);
    const arrival = { facts: readPackage(path), source: { kind: 'package', path } as const, template };
    return plans.upgrade(situation, arrival, { isDowngradeAllowed: flags['allow-downgrade'] });
  },
  rollback: ({ situation, layout, flags }) =>
    plans.rollback(situation, {
      restoresState: flags['restore-state'],
      template: (name) => readFileSync(join(layout.previous, 'app', name), 'utf8'),
    }),
  uninstall: ({ situation, flags }) => plans.uninstall(situation, { isPurge: flags.purge }),
  start: ({ situation }) => plans.start(situation),
  stop: ({ situation }) => plans.stop(situation),
  restart: ({ situation }) => plans.restart(situation),
};

function ownArrival(appFolder: string): plans.Arrival {
  const template = (name: string): string => readFileSync(join(appFolder, name), 'utf8');
  const { version } = JSON.parse(template('package.json')) as { version: string };
  return { facts: { version }, source: { kind: 'own', appFolder, node: process.execPath }, template };
}

async function change(verb: string, call: Call): Promise<number> {
  const { flags, layout, manager, machine, situation, out } = call;
  refuseWrongUser(flags.system, machine.uid);
  const isRepair = verb === 'uninstall' || (verb === 'install' && flags.repair);
  refuseHalfDone(situation, isRepair);
  const steps = changes[verb]!(call);
  const commands = (action: Parameters<ServiceManager['commands']>[0]) => manager.commands(action).map(commandLine);
  if (flags['dry-run']) {
    const lines = steps.map((step) => describeStep(step, commands, { withText: true }));
    return print(call, [...lines, ''].join('\n'));
  }
  const trusted = flags.system ? [0] : [0, machine.uid];
  const servingMsMax = wholeNumber(flags, 'wait') * 1e3;
  const world: World = {
    layout,
    manager,
    trusted,
    isRepair,
    servingMsMax,
    say: (line) => out(`${line}\n`),
    isServing: asks(call),
  };
  await carryOut(verb, steps, world);
  out(steps.length === 0 ? 'nothing to do\n' : `${verb}: done\n`);
  return exitCodes.ok;
}

function refuseWrongUser(isSystem: boolean, uid: number): void {
  if (isSystem && uid !== 0) throw new ServiceFailure("the machine's daemon is root's to change: use sudo");
  if (!isSystem && uid === 0) throw new ServiceFailure('root has no agent: add --system, or run it as the user');
}

function refuseHalfDone({ facts }: plans.Situation, isRepair: boolean): void {
  if (facts.problems.length === 0 || isRepair) return;
  const lines = facts.problems.map((problem) => `  ${problem}\n`).join('');
  throw new ServiceFailure(`the installation is half done:\n${lines}Run install --repair, or uninstall.`);
}

/** The installed program asks the installed daemon, as any client would. */
function asks({ layout, situation }: Call): World['isServing'] {
  const where = ['--socket', layout.socket, '--server-uid', `${situation.owner.uid}`, '--timeout', '2'];
  const args = [join(layout.current, 'app/bin/acceld'), ...where, '--json', 'status'];
  return async (version) => {
    const { code, text } = await runCommand({ program: join(layout.current, 'node'), args });
    if (code !== 0) return false;
    const status = JSON.parse(text) as { serving: boolean; version: string };
    return status.serving && status.version === version;
  };
}

function status(call: Call): number {
  const found = statusOf(call.situation);
  print(call, call.flags.json ? `${JSON.stringify(found)}\n` : statusText(found));
  return found.code;
}

async function logs(call: Call): Promise<number> {
  const { flags, layout, machine } = call;
  const lines = wholeNumber(flags, 'lines');
  if (layout.logs !== undefined) return print(call, lastLines(layout, lines));
  const { code, text } = await runCommand(journalCommand(machine, layout, lines));
  print(call, text);
  return code === 0 ? exitCodes.ok : exitCodes.system;
}

function wholeNumber(flags: Flags, name: 'lines' | 'wait'): number {
  const number = Number(flags[name]);
  if (!Number.isInteger(number) || number < 1) throw wrongUse(`--${name} must be a whole number, got ${flags[name]}`);
  return number;
}

function print({ out }: Pick<ServiceProgram, 'out'>, text: string): number {
  out(text);
  return exitCodes.ok;
}
