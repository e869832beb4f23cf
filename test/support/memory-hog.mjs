// Takes memory and keeps using it, and reads a file over and over so that the system has pages to drop. Each line on
// standard input is the number of megabytes to hold from then on. Needs --expose-gc, and MALLOC_MMAP_THRESHOLD_ below a megabyte.
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setInterval } from 'node:timers';

const megabyte = 1024 * 1024;
const [path] = process.argv.slice(2);
const held = [];
const page = Buffer.alloc(megabyte);
// Written here, so that its pages count against this process's group.
writeFileSync(path, Buffer.alloc(128 * megabyte, 1));
const file = openSync(path, 'r');
let position = 0;

setInterval(() => {
  for (let piece = 0; piece < 8; piece += 1) {
    const bytes = readSync(file, page, 0, megabyte, position);
    position = bytes < megabyte ? 0 : position + bytes;
  }
  for (const buffer of held) buffer[position % megabyte] += 1;
}, 10);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const wanted = Number(line);
    while (held.length > wanted) held.pop();
    globalThis.gc();
    while (held.length < wanted) held.push(Buffer.alloc(megabyte, held.length % 251));
    process.stdout.write(`${held.length}\n`);
  })
  .on('close', () => {
    closeSync(file);
    process.exit(0);
  });
