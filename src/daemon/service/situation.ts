// Reads the machine: what is installed, whom it runs as, and what the service manager says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { exists, readFacts } from './facts.js';
import type { Layout, Machine, Owner } from './layout.js';
import { ownerFile, type Situation } from './plans.js';
import { ServiceFailure } from './service-failure.js';
import { runCommand, type ServiceManager } from './service-manager.js';

export interface Asked {
  readonly machine: Machine;
  readonly layout: Layout;
  readonly manager: ServiceManager;
  /** --user: of a daemon of the system. */
  readonly user: string | undefined;
}

export async function readSituation({ machine, layout, manager, user }: Asked): Promise<Situation> {
  return {
    layout,
    owner: await findOwner({ machine, layout, user }),
    facts: readFacts(layout),
    state: await manager.read(),
    versions: existsSync(layout.versions) ? readdirSync(layout.versions) : [],
    hasConfig: exists(layout.config),
  };
}

async function findOwner({ machine, layout, user }: Omit<Asked, 'manager'>): Promise<Owner> {
  const known = existsSync(ownerFile(layout))
    ? (JSON.parse(readFileSync(ownerFile(layout), 'utf8')) as { user: string }).user
    : undefined;
  if (layout.scope === 'user') return lookUp(machine.uid === userInfo().uid ? userInfo().username : `${machine.uid}`);
  const name = user ?? known ?? (machine.system === 'darwin' ? '_acceld' : 'acceld');
  const owner = await lookUp(name);
  if (owner.uid === 0) throw new ServiceFailure('the service must not run as root: name another user by --user');
  return owner;
}

async function lookUp(name: string): Promise<Owner> {
  const ask = async (flag: string): Promise<string> => {
    const { code, text } = await runCommand({ program: '/usr/bin/id', args: [flag, name] });
    if (code !== 0) throw new ServiceFailure(`there is no user ${name}: docs/OPERATING.md shows how to make one`);
    return text.trim();
  };
  const [uid, gid, group] = [await ask('-u'), await ask('-g'), await ask('-gn')];
  return { name: await ask('-un'), group, uid: Number(uid), gid: Number(gid) };
}
