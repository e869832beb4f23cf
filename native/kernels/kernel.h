// How a kernel is called on the CPU: the one contract between kernels, the pools that run them and the addon.
#pragma once
#include <cstddef>
#include <cstdint>

namespace acceld {

// The type of one element of a column.
enum class Element : uint8_t { kF64, kF32, kU8, kU32 };

constexpr size_t SizeOf(Element element) {
  switch (element) {
    case Element::kF64: return 8;
    case Element::kF32: return 4;
    case Element::kU32: return 4;
    case Element::kU8: return 1;
  }
  return 0;
}

// An input column. Elements may lie at any address; stride is the element's size, or 0 where one value holds for every
// row.
struct Column {
  const unsigned char* data;
  size_t stride;
};

struct Domain;

// One run over the rows [begin, end). Rows are independent: a kernel gives the same bits for a row whatever the borders
// of the run. Outputs are the first elements of whole columns; null where the caller wants no such column.
struct KernelRun {
  const void* params;
  const Column* inputs;
  unsigned char* const* outputs;
  size_t begin;
  size_t end;
  // Of all that params points to. Read only by kernels whose parameters vary in length.
  size_t params_bytes = 0;
  // Which values the inputs may hold (backends/cpu/domain.h). Null: whatever they are has been checked.
  const Domain* domain = nullptr;
};

// Some output in the run is not finite: the caller must look for it before the result leaves the daemon.
constexpr uint32_t kNotFinite = 1;
// Some input was outside the run's domain: its row's outputs mean nothing.
constexpr uint32_t kOutOfDomain = 2;

// Returns flags. Never throws, allocates nothing, touches nothing outside the rows of the run.
using KernelFunction = uint32_t (*)(const KernelRun& run);

constexpr size_t kColumnsMax = 20;
constexpr size_t kParamsStepsMax = 1 << 20;

// A kernel as the rest of the addon sees it.
struct Kernel {
  const char* name;          // As "price-options-f64".
  const char* digest;        // First 16 hexadecimal digits of the SHA-256 over the kernel sources.
  size_t params_bytes;       // Size of the struct that params points to.
  size_t params_step_bytes;  // Of each further element after the struct, at most kParamsStepsMax; 0: there are none.
  size_t inputs, outputs;    // Number of columns, at most kColumnsMax each.
  Element input_elements[kColumnsMax];
  Element output_elements[kColumnsMax];
  bool checks_domain;       // Otherwise it must not be given one.
  KernelFunction function;  // For the instruction set in use.
};

}  // namespace acceld
