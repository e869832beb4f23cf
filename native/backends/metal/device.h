// The machine's Metal device, opened; and its kernels from their text.
#pragma once
#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include "../gpu/entry.h"

namespace acceld::metal {

struct OpenedDevice {
  id<MTLDevice> device;
  id<MTLCommandQueue> queue;
  GpuInfo info;
};

// Nil members and the reason where there is none that can be trusted with our kernels.
OpenedDevice OpenDevice(std::string* reason);

// Null and the reason, which is the beginning of the compiler's own words.
id<MTLComputePipelineState> MakePipeline(id<MTLDevice> device, const GpuEntry& entry, const std::string& text,
                                         std::string* reason);

// On one line, of a length that fits a log.
std::string OneLine(NSString* text);

}  // namespace acceld::metal
