#include "kernel_binding.h"

#include <exception>

#include "../backends/cpu/dispatch.h"
#include "kernel_arguments.h"

namespace acceld {

namespace {

Napi::Array NamesOf(Napi::Env env, const Element* elements, size_t count) {
  Napi::Array names = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) names.Set(i, NameOf(elements[i]));
  return names;
}

}  // namespace

bool ExportKernels(Napi::Env env, Napi::Object exports) {
  try {
    exports.Set("instructionSet", InstructionSet());
  } catch (const std::exception& error) {
    Napi::Error::New(env, error.what()).ThrowAsJavaScriptException();
    return false;
  }
  Napi::Array sets = Napi::Array::New(env);
  for (const KernelSet* set : RunnableKernelSets()) sets.Set(sets.Length(), set->instruction_set);
  exports.Set("instructionSets", sets);
  size_t count = 0;
  const Kernel* kernels = Kernels(&count);
  Napi::Array list = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) {
    Napi::Object kernel = Napi::Object::New(env);
    kernel.Set("name", kernels[i].name);
    kernel.Set("digest", kernels[i].digest);
    kernel.Set("paramsBytes", Napi::Number::New(env, kernels[i].params_bytes));
    kernel.Set("paramsStepBytes", Napi::Number::New(env, kernels[i].params_step_bytes));
    kernel.Set("inputs", NamesOf(env, kernels[i].input_elements, kernels[i].inputs));
    kernel.Set("outputs", NamesOf(env, kernels[i].output_elements, kernels[i].outputs));
    list.Set(i, kernel);
  }
  exports.Set("kernels", list);
  return true;
}

Napi::Value RunKernel(const Napi::CallbackInfo& info) {
  KernelCall call;
  if (!ReadKernelCall(info, 0, &call)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), call.Run());
}

}  // namespace acceld
