// The entry of a kernel of kernel_list.h: an item for each row. Included once, after the words and the texts, where
// ACCELD_ROWS names the kernel.

#define LOAD_CODES(field) inputs.field = field##_column[INPUT_PLACE(column, row, 1)], ++column;
#define LOAD_REALS(field) inputs.field = RealOf(LoadBits(field##_column, INPUT_PLACE(column, row, 4))), ++column;
#define STORE_REALS(field)                                                                \
  if ((call.wanted >> output & 1) != 0) {                                                 \
    StoreBits(field##_column, OUTPUT_PLACE(column + output, row), BitsOf(outputs.field)); \
    is_finite &= IsFinite(outputs.field);                                                 \
  }                                                                                       \
  ++output;

#define ROWS_ENTRY(Name)                                                                                 \
  ENTRY void Run(Name##InputColumns(INPUT_ARGUMENT, INPUT_ARGUMENT) Name##OutputColumns(OUTPUT_ARGUMENT) \
                     GLOBAL const Name##Params* params,                                                  \
                 FLAGS flags, VALUE(GpuCall) call ITEM_ARGUMENTS) {                                      \
    const uint32_t row = ITEM;                                                                           \
    if (row >= call.rows) return;                                                                        \
    Name##Inputs inputs;                                                                                 \
    int column = 0;                                                                                      \
    Name##InputColumns(LOAD_CODES, LOAD_REALS);                                                          \
    const Name##Params copy = *params;                                                                   \
    const Name##Outputs outputs = Name(inputs, copy);                                                    \
    int output = 0;                                                                                      \
    int is_finite = 1;                                                                                   \
    Name##OutputColumns(STORE_REALS);                                                                    \
    if (!is_finite) RAISE(flags, kGpuNotFinite);                                                         \
  }

#define ROWS_ENTRY_OF(name) ROWS_ENTRY(name)
ROWS_ENTRY_OF(ACCELD_ROWS)
