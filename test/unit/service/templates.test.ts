import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { parse } from 'plist';
import { layoutOf, type Machine, type Scope, type System } from '../../../src/daemon/service/layout.js';
import { fill, wordsOf } from '../../../src/daemon/service/templates.js';
import { plistProblems } from './plist.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const programs = { launchd: '', systemd: '', journal: '' };
const owner = { name: '_acceld', group: 'staff', uid: 501, gid: 20 };

const machine = (system: System, home = '/home-of-ann'): Machine => {
  return { system, root: '', home, uid: 501, runtimeFolder: '/run/user/501', programs };
};

function filled(system: System, scope: Scope, home?: string): string[] {
  const layout = layoutOf(machine(system, home), scope);
  const all = [...layout.units, ...(layout.rotation ? [layout.rotation] : [])];
  return all.map(({ template }) => fill(template, readFileSync(root + template, 'utf8'), wordsOf(layout, owner)));
}

interface Plist {
  readonly [key: string]: unknown;
  readonly Label: string;
  readonly ProgramArguments: string[];
  readonly EnvironmentVariables: Record<string, string>;
  readonly Sockets: { readonly acceld: Record<string, unknown> };
}

const plistOf = (scope: Scope, home?: string): Plist => parse(filled('darwin', scope, home)[0]!) as unknown as Plist;

describe('templates', () => {
  for (const scope of ['user', 'system'] as const) {
    it(`${scope}: the plist has only keys and types of launchd, and those that matter`, () => {
      const plist = plistOf(scope);
      assert.deepEqual(plistProblems(plist), []);
      assert.equal(plist['ProcessType'], 'Interactive');
      assert.deepEqual(plist['KeepAlive'], { SuccessfulExit: false });
      assert.equal(plist['Umask'], 0o077);
      assert.ok((plist['ExitTimeOut'] as number) > 10, 'longer than the drain');
      assert.equal(plist.Sockets.acceld['SockPathMode'], 0o600);
      assert.ok(plist.ProgramArguments[0]!.startsWith('/'));
      for (const name of Object.keys(plist.EnvironmentVariables)) assert.doesNotMatch(name, /^(DYLD_|NODE_)/);
      for (const absent of ['EnableTransactions', 'AbandonProcessGroup']) assert.ok(!(absent in plist));
    });
  }

  it('the checker of plists refuses what launchd would ignore', () => {
    const wrong = { ...plistOf('user'), KeepAlife: true, Umask: '077', Sockets: { http: {} } };
    const expected = [
      'Umask must be of type integer',
      'Sockets.http is no key of launchd',
      'KeepAlife is no key of launchd',
    ];
    assert.deepEqual(plistProblems(wrong).sort(), expected.sort());
  });

  it('a daemon of the system has a user, owns its socket, and runs no file of a home folder', () => {
    const plist = plistOf('system');
    assert.equal(plist['UserName'], '_acceld');
    assert.deepEqual([plist.Sockets.acceld['SockPathOwner'], plist.Sockets.acceld['SockPathGroup']], [501, 20]);
    assert.doesNotMatch(JSON.stringify(plist), /home-of-ann/);
    assert.ok(!('UserName' in plistOf('user')));
  });

  it('words of XML, of units and of tables are written as each wants them', () => {
    assert.equal(plistOf('user', '/a & <b>')['WorkingDirectory'], '/a & <b>/Library/Application Support/acceld/state');
    assert.match(filled('linux', 'user', '/50% of it')[1]!, /^ExecStart="\/50%% of it\/\.local/m);
    assert.throws(() => filled('linux', 'user', '/a"b'), /a unit cannot name/);
    assert.throws(() => filled('darwin', 'user', '/a\nb'), /line break/);
    assert.throws(() => fill('x.conf', '{{a}}', { a: '/with space' }), /cannot name a file with a space/);
    assert.throws(() => fill('x.plist', '{{nobody}}', {}), /which nothing fills/);
  });

  it('a socket path that macOS cannot hold is refused', () => {
    assert.ok(Buffer.byteLength(layoutOf(machine('darwin'), 'system').socket) <= 103);
    assert.throws(() => layoutOf(machine('darwin', `/${'x'.repeat(60)}`), 'user'), /has 1\d\d bytes, at most 103/);
  });

  it('units hand over the socket by the name that the daemon knows, and stay inside their folders', () => {
    const [socket, service] = filled('linux', 'system');
    assert.match(socket!, /^FileDescriptorName=acceld$/m);
    assert.match(socket!, /^ListenStream=\/run\/acceld\/acceld\.sock$/m);
    assert.match(service!, /^User=_acceld$/m);
    for (const text of [socket!, service!]) assert.doesNotMatch(text, /\{\{|DYLD_|NODE_OPTIONS/);
  });
});
