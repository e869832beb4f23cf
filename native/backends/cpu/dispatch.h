// Which instruction set runs the kernels: the best one that this machine can run, decided at the first call. A build
// with ACCELD_TEST takes the one that the environment variable ACCELD_FORCE_ISA names, so that tests reach the others;
// naming one that is unknown or cannot run here throws std::runtime_error.
#pragma once
#include <vector>

#include "kernel_set.h"

namespace acceld {

// Every set in this build that this machine can run, the best last.
const std::vector<const KernelSet*>& RunnableKernelSets();

// The name of the set in use, as "x86-64-v3".
const char* InstructionSet();

// The kernels of the set in use. A kernel keeps its place for the life of the process.
const Kernel* Kernels(size_t* count);

// Of the set in use.
const KernelParts& Parts();

}  // namespace acceld
