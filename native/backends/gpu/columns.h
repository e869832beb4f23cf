// Columns in the memory of a GPU. Elements may lie at any address, as on the CPU. Needs the words of the target:
// GLOBAL, FLAGS, RAISE.

FUNCTION uint32_t LoadBits(GLOBAL const uchar* column, uint64_t place) {
  // Buffers begin at a page.
  if ((place & 3) == 0) return *(GLOBAL const uint32_t*)(column + place);
  return (uint32_t)column[place] | (uint32_t)column[place + 1] << 8 | (uint32_t)column[place + 2] << 16 |
         (uint32_t)column[place + 3] << 24;
}

FUNCTION void StoreBits(GLOBAL uchar* column, uint64_t place, uint32_t bits) {
  if ((place & 3) == 0) {
    *(GLOBAL uint32_t*)(column + place) = bits;
    return;
  }
  column[place] = (uchar)bits;
  column[place + 1] = (uchar)(bits >> 8);
  column[place + 2] = (uchar)(bits >> 16);
  column[place + 3] = (uchar)(bits >> 24);
}

FUNCTION int IsFinite(real value) { return (BitsOf(value) & 0x7f800000) != 0x7f800000; }

// Where an input of `size` bytes an element has the one of `row`, counted from the first row of the call.
#define INPUT_PLACE(column, row, size) \
  (call.offsets[column] + ((call.single >> (column)&1) != 0 ? 0 : (uint64_t)(row) * (size)))
#define OUTPUT_PLACE(column, row) (call.offsets[column] + (uint64_t)(row)*4)

#define INPUT_ARGUMENT(field) GLOBAL const uchar *field##_column,
#define OUTPUT_ARGUMENT(field) GLOBAL uchar *field##_column,
