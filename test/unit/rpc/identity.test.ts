import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../../src/daemon/base/events.js';
import { connectionsMax } from '../../../src/daemon/base/limits.js';
import type { HostAddon, PeerCredentials } from '../../../src/daemon/devices/host-addon.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { Identity } from '../../../src/daemon/rpc/identity.js';

const ownUid = process.geteuid!();

/** The addon as it is, but for what the system says of a peer: another user needs another process. */
const addonThatSays = (credentials: PeerCredentials | null): HostAddon =>
  Object.create(loadHostAddon(), { peerCredentials: { value: () => credentials } }) as HostAddon;

describe('identity', () => {
  let directory: string;
  let server: Server;
  const clients: Socket[] = [];
  let events: Event[];
  beforeEach(() => {
    events = [];
  });
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'acceld-identity-'));
    server = createServer().listen(join(directory, 's'));
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });
  after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  /** Announces to the list of its own test, however late a connection closes. */
  function identityWith(addon: HostAddon): Identity {
    const announced = events;
    return new Identity(addon, (event) => announced.push(event));
  }

  /** The daemon's end of a new connection. */
  async function accepted(): Promise<Socket> {
    const accepting = once(server, 'connection') as Promise<[Socket]>;
    clients.push(connect(join(directory, 's')));
    const [socket] = await accepting;
    return socket;
  }

  it('knows its own user by the real credentials of the socket, and the process', async () => {
    const identity = identityWith(loadHostAddon());
    const socket = await accepted();
    assert.equal(identity.admitUnix(socket), true);
    const caller = identity.find(socket.remoteAddress!);
    assert.deepEqual(caller, {
      name: `uid:${ownUid}`,
      connection: socket.remoteAddress,
      pid: process.pid,
      isOperator: true,
      canMap: true,
    });
    assert.equal(identity.connections, 1);
  });

  it('forgets a connection when it closes and never uses its key again', async () => {
    const identity = identityWith(loadHostAddon());
    const first = await accepted();
    identity.admitUnix(first);
    const key = first.remoteAddress!;
    first.destroy();
    await once(first, 'close');
    assert.equal(identity.find(key), undefined);
    const second = await accepted();
    identity.admitUnix(second);
    assert.notEqual(second.remoteAddress, key);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['connection-opened', 'connection-closed', 'connection-opened'],
    );
  });

  it('refuses another user, and a peer that the system does not name', async () => {
    const foreign = identityWith(addonThatSays({ uid: ownUid + 1, gid: 0, pid: 1 }));
    assert.equal(foreign.admitUnix(await accepted()), false);
    assert.equal(identityWith(addonThatSays(null)).admitUnix(await accepted()), false);
    assert.deepEqual(
      events.map((event) => event.kind === 'connection-refused' && event.reason),
      [`uid ${ownUid + 1} is not served`, 'the peer of a connection is unknown'],
    );
    assert.equal(foreign.connections, 0);
  });

  it('serves root', async () => {
    const identity = identityWith(addonThatSays({ uid: 0, gid: 0, pid: 1 }));
    assert.equal(identity.admitUnix(await accepted()), true);
  });

  it('takes every loopback peer of TCP for one caller', async () => {
    const identity = identityWith(loadHostAddon());
    const [one, other] = [await accepted(), await accepted()];
    assert.ok(identity.admitTcp(one) && identity.admitTcp(other));
    assert.equal(identity.find(one.remoteAddress!)?.name, 'tcp-loopback');
    assert.equal(identity.find(one.remoteAddress!)?.isOperator, false);
    assert.notEqual(one.remoteAddress, other.remoteAddress);
  });

  it('refuses connections above the limit', async () => {
    const identity = identityWith(loadHostAddon());
    for (let count = 0; count < connectionsMax; count += 1) {
      assert.ok(identity.admitTcp(await accepted()));
    }
    assert.equal(identity.admitTcp(await accepted()), false);
    assert.equal(identity.admitUnix(await accepted()), false);
    assert.equal(identity.connections, connectionsMax);
  });
});
