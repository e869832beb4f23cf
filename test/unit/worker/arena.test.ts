import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Arena, type Slice } from '../../../src/daemon/worker/arena.js';

const page = 4096;
const pages = 64;
const open = () => new Arena({ bytes: pages * page, begin: page, pageBytes: page });

describe('Arena', () => {
  it('gives whole pages, the lowest first', () => {
    const arena = open();
    assert.deepEqual(arena.allocate(1), { offset: page, bytes: page });
    const second = arena.allocate(page + 1)!;
    assert.deepEqual(second, { offset: 2 * page, bytes: 2 * page });
    assert.deepEqual(arena.allocate(0), { offset: 4 * page, bytes: page });
    arena.free(second);
    assert.deepEqual(arena.allocate(page), { offset: 2 * page, bytes: page });
  });

  it('refuses what does not fit, and counts it', () => {
    const arena = open();
    assert.equal(arena.allocate(pages * page), undefined);
    assert.ok(arena.allocate((pages - 1) * page));
    assert.equal(arena.allocate(1), undefined);
    const { given, refused, usedBytes, fragmentation } = arena.figures;
    assert.deepEqual([given, refused, usedBytes, fragmentation], [1, 2, (pages - 1) * page, 0]);
  });

  it('says how much of what is free lies in pieces', () => {
    const arena = open();
    const slices = Array.from({ length: pages - 1 }, () => arena.allocate(page)!);
    slices.forEach((slice, index) => index % 2 === 0 && arena.free(slice));
    assert.equal(arena.figures.fragmentation, 1 - 1 / 32);
  });

  it('names what is free and has pages, the highest first, until it is given out again', () => {
    const arena = open();
    const slices = Array.from({ length: 8 }, () => arena.allocate(8 * page)).filter((slice) => slice !== undefined);
    assert.equal(slices.length, 7);
    for (const slice of slices.filter((_, index) => index !== 3)) arena.free(slice);
    const emptied: Slice[] = [];
    for (let next = arena.spare(4 * page, 16 * page); next; next = arena.spare(4 * page, 16 * page)) {
      arena.emptied(next);
      emptied.push(next);
    }
    assert.deepEqual(
      emptied.map(({ offset, bytes }) => [offset / page, bytes / page]),
      [
        [48, 16],
        [33, 15],
        [9, 16],
        [4, 5],
      ],
    );
    assert.equal(arena.figures.heldBytes, (4 + 8) * page);
    assert.equal(arena.takeReach(), 57 * page);
    assert.equal(arena.takeReach(), 33 * page);
    const again = arena.allocate(10 * page)!;
    assert.deepEqual(again, { offset: page, bytes: 10 * page });
    assert.equal(arena.figures.heldBytes, (11 + 8) * page);
    arena.free(again);
    assert.deepEqual(arena.spare(4 * page, 64 * page), { offset: 4 * page, bytes: 7 * page });
  });

  it('throws for a slice that is not in use', () => {
    const arena = open();
    const slice = arena.allocate(page)!;
    assert.throws(() => arena.free({ ...slice, bytes: 2 * page }), /no slice of 8192 bytes at 4096/);
    arena.free(slice);
    assert.throws(() => arena.free(slice), /no slice/);
  });

  it('never gives a page twice, and gets every page back, whatever the order', () => {
    const step = fc.record({
      bytes: fc.integer({ min: 0, max: 9 * page }),
      frees: fc.nat({ max: 3 }),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const arena = open();
        const used: Slice[] = [];
        for (const { bytes, frees, which } of steps) {
          const slice = arena.allocate(bytes);
          if (slice) {
            assert.ok(slice.bytes >= bytes && slice.offset >= page && slice.offset + slice.bytes <= pages * page);
            for (const { offset, bytes: size } of used) {
              assert.ok(offset + size <= slice.offset || slice.offset + slice.bytes <= offset);
            }
            used.push(slice);
          }
          if (which % 3 === 0) {
            const spare = arena.spare(0, 7 * page);
            for (const { offset, bytes: size } of spare ? used : []) {
              assert.ok(offset + size <= spare!.offset || spare!.offset + spare!.bytes <= offset);
            }
            if (spare) arena.emptied(spare);
          }
          assert.ok(arena.figures.heldBytes >= page + arena.figures.usedBytes);
          for (let i = 0; i < frees && used.length > 0; i += 1) arena.free(used.splice(which % used.length, 1)[0]!);
        }
        for (const slice of used) arena.free(slice);
        const { slices, usedBytes, fragmentation, heldBytes } = arena.figures;
        assert.deepEqual([slices, usedBytes, fragmentation], [0, 0, 0]);
        for (let next = arena.spare(0, 5 * page); next; next = arena.spare(0, 5 * page)) arena.emptied(next);
        assert.deepEqual([heldBytes >= page, arena.figures.heldBytes], [true, page]);
        assert.ok(arena.allocate((pages - 1) * page));
      }),
    );
  });
});
