import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { StartFailure } from '../../../src/daemon/base/start-failure.js';
import { Log } from '../../../src/daemon/telemetry/log.js';
import { openLogFile } from '../../../src/daemon/telemetry/log-file.js';
import { eventually } from '../../support/eventually.js';
import { scratch } from '../../support/start.js';

describe('log file', () => {
  it('is opened again after it was moved away, and goes on in the old one where that fails', () => {
    const folder = scratch();
    const logs = join(folder.path, 'logs');
    mkdirSync(logs);
    const file = join(logs, 'acceld.log');
    const log = new Log({ level: 'info', sampleOneIn: 1, file });
    const say = (text: string): void => log.write({ kind: 'warning', text });
    say('one');
    renameSync(file, `${file}.0`);
    say('two');
    assert.equal(log.reopen(), true);
    say('three');
    rmSync(logs, { recursive: true });
    assert.equal(log.reopen(), false);
    say('lost with the folder, without an error');
    mkdirSync(logs);
    assert.equal(log.reopen(), true);
    say('four');
    assert.match(readFileSync(file, 'utf8'), /^[^\n]*"msg":"four"}\n$/);
    folder.remove();
  });

  it('keeps every line before and after a move', () => {
    const folder = scratch();
    const file = join(folder.path, 'acceld.log');
    const sink = openLogFile(file);
    sink.write('one\n');
    renameSync(file, `${file}.0`);
    sink.write('two\n');
    sink.reopen();
    sink.write('three\n');
    assert.deepEqual([readFileSync(`${file}.0`, 'utf8'), readFileSync(file, 'utf8')], ['one\ntwo\n', 'three\n']);
    folder.remove();
  });

  it('notices by itself that it was moved away', async () => {
    const folder = scratch();
    const file = join(folder.path, 'acceld.log');
    const sink = openLogFile(file);
    renameSync(file, `${file}.0`);
    await eventually(() => assert.ok(existsSync(file)));
    sink.write('new\n');
    assert.deepEqual([readFileSync(`${file}.0`, 'utf8'), readFileSync(file, 'utf8')], ['', 'new\n']);
    folder.remove();
  });

  it('that cannot be opened at the start is one line for people', () => {
    const open = (): unknown => openLogFile('/nonexistent/acceld.log');
    assert.throws(open, (error) => error instanceof StartFailure && /cannot write the log/.test(error.message));
  });
});
