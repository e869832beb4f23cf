#include "device.h"

namespace acceld::metal {
namespace {

constexpr NSUInteger kReasonLengthMax = 400;

// Not the default device first: without a window server there is none, but the list has the GPU.
id<MTLDevice> FindDevice() {
  NSArray<id<MTLDevice>>* const all = MTLCopyAllDevices();
  return all.count > 0 ? all[0] : MTLCreateSystemDefaultDevice();
}

// What is wrong with a device, or empty.
std::string Objection(id<MTLDevice> device) {
  if (device == nil) return "metal: there is no device here: headless, sandboxed or virtual";
  const std::string name = OneLine(device.name);
  // The GPU of a virtual machine, whose kernels may give zeros or hang.
  if ([device.name containsString:@"Paravirtual"]) return "metal: " + name + " is not a real GPU";
  if (![device supportsFamily:MTLGPUFamilyApple7] || ![device supportsFamily:MTLGPUFamilyMetal3]) {
    return "metal: " + name + " is older than the M1";
  }
  return "";
}

}  // namespace

std::string OneLine(NSString* text) {
  NSString* const cut = text.length > kReasonLengthMax ? [text substringToIndex:kReasonLengthMax] : text;
  NSCharacterSet* const ends = [NSCharacterSet newlineCharacterSet];
  NSString* const line = [[cut componentsSeparatedByCharactersInSet:ends] componentsJoinedByString:@" "];
  return line == nil ? "" : line.UTF8String;
}

OpenedDevice OpenDevice(std::string* reason) {
  OpenedDevice opened;
  opened.device = FindDevice();
  *reason = Objection(opened.device);
  if (!reason->empty()) return {};
  opened.queue = [opened.device newCommandQueue];
  if (opened.queue == nil) return *reason = "metal: newCommandQueue failed", OpenedDevice();
  const std::string system = OneLine(NSProcessInfo.processInfo.operatingSystemVersionString);
  const std::string driver = "Metal, macOS " + system + " / " + OneLine(opened.device.architecture.name);
  opened.info = {"metal", OneLine(opened.device.name), driver};
  return opened;
}

namespace {

// Multiplications and additions as they are written: no fast math, no approximate functions. The text adds what no
// option can say, that nothing is contracted.
MTLCompileOptions* OptionsFor(const GpuEntry& entry) {
  MTLCompileOptions* const options = [MTLCompileOptions new];
  options.languageVersion = MTLLanguageVersion3_1;
  options.preprocessorMacros = @{@(entry.macro) : @(entry.macro_value)};
#if __MAC_OS_X_VERSION_MAX_ALLOWED >= 150000
  if (@available(macOS 15.0, *)) {
    options.mathMode = MTLMathModeSafe;
    options.mathFloatingPointFunctions = MTLMathFloatingPointFunctionsPrecise;
    return options;
  }
#endif
  options.fastMathEnabled = NO;
  return options;
}

}  // namespace

id<MTLComputePipelineState> MakePipeline(id<MTLDevice> device, const GpuEntry& entry, const std::string& text,
                                         std::string* reason) {
  NSError* error = nil;
  // The error may also be a warning: what counts is whether there is a library.
  id<MTLLibrary> const library = [device newLibraryWithSource:@(text.c_str()) options:OptionsFor(entry) error:&error];
  if (library == nil) return *reason = "newLibraryWithSource: " + OneLine(error.localizedDescription), nil;
  id<MTLFunction> const function = [library newFunctionWithName:@"Run"];
  if (function == nil) return *reason = "the library has no function Run", nil;
  id<MTLComputePipelineState> const pipeline = [device newComputePipelineStateWithFunction:function error:&error];
  if (pipeline == nil) return *reason = "newComputePipelineState: " + OneLine(error.localizedDescription), nil;
  if (pipeline.maxTotalThreadsPerThreadgroup >= kGpuGroupItems) return pipeline;
  *reason = "the device runs only " + std::to_string(pipeline.maxTotalThreadsPerThreadgroup) + " items together";
  return nil;
}

}  // namespace acceld::metal
