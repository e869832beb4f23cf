import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { acceptedCopyOf } from '../../../src/daemon/config/accepted-copy.js';
import { ConfigurationError } from '../../../src/daemon/config/config.js';
import { daemonTrusts } from '../../../src/daemon/config/file.js';
import { Source } from '../../../src/daemon/config/source.js';

describe('source', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'acceld-source-'));
    file = join(folder, 'acceld.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const source = (stateFolder?: string) => new Source({ file, overrides: [], stateFolder });
  const write = (text: string): void => writeFileSync(file, text, { mode: 0o644 });
  const refusal = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      assert.ok(error instanceof ConfigurationError, String(error));
      return error.problems.join('\n');
    }
    return assert.fail('it was accepted');
  };

  it('writes its copy through no link that lies in the way', async () => {
    write('log: { level: debug }');
    const state = join(folder, 'state');
    const target = join(folder, 'target');
    mkdirSync(state);
    writeFileSync(target, 'mine');
    symlinkSync(target, `${acceptedCopyOf(file, state)}.${process.pid}`);
    const one = source(state);
    one.start();
    await assert.rejects(one.keep(), { code: 'ELOOP' });
    assert.equal(readFileSync(target, 'utf8'), 'mine');
  });

  it('refuses a file that others may write to, and what is no file', () => {
    write('');
    chmodSync(file, 0o664);
    assert.match(
      refusal(() => source().read()),
      /other users may write to it; chmod go-w/,
    );
    file = folder;
    assert.match(
      refusal(() => source().read()),
      /no regular file/,
    );
    file = '/dev/zero';
    assert.match(
      refusal(() => source().read()),
      /no regular file/,
    );
  });

  it('judges the owner of what was opened', () => {
    const stats = { isFile: () => true, uid: process.geteuid!() + 1, mode: 0o100600 };
    assert.match(daemonTrusts(stats as never) ?? '', /belongs to user \d+/);
    assert.equal(daemonTrusts({ ...stats, uid: 0 } as never), undefined);
    write('');
    const link = join(folder, 'link.yaml');
    symlinkSync(file, link);
    file = link;
    source().read();
  });

  it('refuses to start with a bad file, unless told to use the copy that was accepted last', async () => {
    const state = join(folder, 'state');
    write('log: { level: debug }');
    const first = source(state);
    assert.deepEqual(first.start().problems, []);
    await first.keep();
    write('log: { level: loud }');
    assert.match(
      refusal(() => source().start()),
      /log\.level/,
    );
    const { config, problems } = source(state).start();
    assert.equal(config.log.level, 'debug');
    assert.match(problems.join(), /FILE|acceld\.yaml: log\.level/);
    rmSync(file);
    assert.equal(source(state).start().config.log.level, 'debug');
    assert.equal(readdirSync(state).length, 1, 'no draft is left');
  });

  it('names both when the copy is bad or missing as well', () => {
    write('nonsense: 1');
    assert.match(
      refusal(() => source(join(folder, 'state')).start()),
      /nonsense: no such setting[^]*cannot read/,
    );
  });
});
