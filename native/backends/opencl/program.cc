#include "program.h"

namespace acceld::opencl {
namespace {

constexpr size_t kReasonBytesMax = 400;

std::string BuildLog(const OpenedDevice& opened, Program* program) {
  size_t bytes = 0;
  opened.api->clGetProgramBuildInfo(program, opened.device, kProgramBuildLog, 0, nullptr, &bytes);
  std::string log(bytes, '\0');
  opened.api->clGetProgramBuildInfo(program, opened.device, kProgramBuildLog, bytes, log.data(), nullptr);
  log.resize(log.find('\0') == std::string::npos ? bytes : log.find('\0'));
  for (char& letter : log) {
    if (letter == '\n' || letter == '\r') letter = ' ';
  }
  return log.substr(0, kReasonBytesMax);
}

bool Build(const OpenedDevice& opened, Program* program, const std::string& options, std::string* reason) {
  const int32_t error = opened.api->clBuildProgram(program, 1, &opened.device, options.c_str(), nullptr, nullptr);
  if (error == kSuccess) return true;
  *reason = Failed("clBuildProgram", error) + ": " + BuildLog(opened, program);
  return false;
}

Held<Program> Make(const OpenedDevice& opened, Program* program) { return {program, opened.api->clReleaseProgram}; }

}  // namespace

std::vector<unsigned char> CompileProgram(const OpenedDevice& opened, const GpuEntry& entry, std::string* reason) {
  const KeptSignals kept;
  const Api& api = *opened.api;
  int32_t error = kSuccess;
  const char* text = kGpuText.text;
  const Held<Program> program =
      Make(opened, api.clCreateProgramWithSource(opened.context.get(), 1, &text, nullptr, &error));
  if (program == nullptr) return *reason = Failed("clCreateProgramWithSource", error), std::vector<unsigned char>();
  const std::string options = opened.options + " -D" + entry.macro + "=" + entry.macro_value;
  if (!Build(opened, program.get(), options, reason)) return {};
  // PoCL compiles and links here, for every shape.
  size_t bytes = 0;
  error = api.clGetProgramInfo(program.get(), kProgramBinarySizes, sizeof bytes, &bytes, nullptr);
  std::vector<unsigned char> binary(bytes);
  unsigned char* place = binary.data();
  if (error == kSuccess) error = api.clGetProgramInfo(program.get(), kProgramBinaries, sizeof place, &place, nullptr);
  if (error != kSuccess || bytes == 0) return *reason = Failed("clGetProgramInfo", error), std::vector<unsigned char>();
  return binary;
}

Held<KernelObject> LoadKernel(const OpenedDevice& opened, const GpuEntry& entry,
                              const std::vector<unsigned char>& binary, std::string* reason) {
  const KeptSignals kept;
  const Api& api = *opened.api;
  Held<KernelObject> none(nullptr, api.clReleaseKernel);
  const size_t bytes = binary.size();
  const unsigned char* const data = binary.data();
  const unsigned char* binaries[] = {data};
  int32_t status = kSuccess, error = kSuccess;
  const Held<Program> program = Make(opened, api.clCreateProgramWithBinary(opened.context.get(), 1, &opened.device,
                                                                           &bytes, binaries, &status, &error));
  if (program == nullptr || status != kSuccess) {
    *reason = Failed("clCreateProgramWithBinary", error != kSuccess ? error : status);
    return none;
  }
  if (!Build(opened, program.get(), opened.options, reason)) return none;
  Held<KernelObject> kernel(api.clCreateKernel(program.get(), "Run", &error), api.clReleaseKernel);
  if (kernel == nullptr) return *reason = Failed("clCreateKernel", error), std::move(none);
  // Columns, parameters, flags, call.
  uint32_t arguments = 0;
  api.clGetKernelInfo(kernel.get(), kKernelArgumentCount, sizeof arguments, &arguments, nullptr);
  if (arguments == entry.inputs + entry.outputs + 3) return kernel;
  *reason = "the binary's kernel takes " + std::to_string(arguments) + " arguments";
  return none;
}

}  // namespace acceld::opencl
