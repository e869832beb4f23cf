// What an entry is told besides its columns and parameters, as the device reads it. Shared by the host and the texts.
#pragma once

// A Metal function takes 31 buffers: the columns, the parameters, the flags and this.
enum { kGpuColumnsMax = 28 };

// Items that run together.
enum { kGpuGroupItems = 256 };

// As kNotFinite.
enum { kGpuNotFinite = 1 };

typedef struct {
  uint64_t begin;     // The first row.
  uint32_t rows;      // How many.
  uint32_t wanted;    // Bit i: output i is stored.
  uint32_t single;    // Bit i: input i is one element for every row.
  uint32_t steps;     // Elements after the struct of the parameters.
  uint32_t is_wild;   // As in Simulation.
  uint32_t reserved;  // So that the offsets are aligned in every language.
  // Where the element of the first row lies in its buffer, in bytes: inputs, then outputs.
  uint64_t offsets[kGpuColumnsMax];
} GpuCall;
