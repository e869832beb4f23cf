{
  'variables': {
    'acceld_version%': 'unknown',
    'acceld_kernel_digest%': 'unknown',
    'cpu_flags': ['-std=c++17', '-O3', '-ffp-contract=off', '-fno-math-errno', '-fvisibility=hidden', '-Wall', '-Wextra'],
    'addon_sources': [
      'native/host/addon.cc',
      'native/host/end_watch.cc',
      'native/host/errand_thread.cc',
      'native/host/guard.cc',
      'native/host/guard_arguments.cc',
      'native/host/kernel_arguments.cc',
      'native/host/kernel_binding.cc',
      'native/host/memory_binding.cc',
      'native/host/pool.cc',
      'native/host/pool_binding.cc',
      'native/host/shared_memory.cc',
      'native/host/system_binding.cc',
      'native/host/transit.cc',
      'native/host/views.cc',
      'native/host/worker_link.cc',
    ],
    'gpu_shared_sources': [
      'native/backends/gpu/entry.cc',
      'native/backends/gpu/plan.cc',
      'native/backends/gpu/seal.cc',
    ],
    'worker_sources': [
      'native/worker/cpu_engine.cc',
      'native/worker/dying.cc',
      'native/worker/gpu_engine.cc',
      'native/worker/link.cc',
      'native/worker/main.cc',
      'native/worker/memories.cc',
      'native/worker/serve.cc',
      'native/worker/store.cc',
      'native/worker/task.cc',
      'native/backends/cpu/dispatch.cc',
    ],
  },
  'target_defaults': {
    'cflags!': ['-O2', '-fno-omit-frame-pointer'],
    # dispatch.cc reports an unknown instruction set by an exception, which kernel_binding.cc catches.
    'cflags_cc!': ['-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['<@(cpu_flags)'],
    'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'ACCELD_KERNEL_DIGEST="<(acceld_kernel_digest)"'],
    'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
    'xcode_settings': {
      'MACOSX_DEPLOYMENT_TARGET': '14.0',
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'CLANG_CXX_LIBRARY': 'libc++',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'OTHER_CFLAGS': ['-O3', '-ffp-contract=off', '-fno-math-errno', '-Wall', '-Wextra'],
    },
  },
  'conditions': [
    ['target_arch=="x64"', {
      # One library for each instruction set: gyp gives flags to targets, not to files.
      'targets': [
        {'target_name': 'kernels_base', 'type': 'static_library', 'sources': ['native/backends/cpu/kernels_base.cc']},
        {
          'target_name': 'kernels_v3',
          'type': 'static_library',
          'sources': ['native/backends/cpu/kernels_v3.cc'],
          'cflags_cc': ['-march=x86-64-v3'],
          'xcode_settings': {'OTHER_CFLAGS': ['-march=x86-64-v3']},
        },
        {
          'target_name': 'kernels_v4',
          'type': 'static_library',
          'sources': ['native/backends/cpu/kernels_v4.cc'],
          'cflags_cc': ['-march=x86-64-v4'],
          'xcode_settings': {'OTHER_CFLAGS': ['-march=x86-64-v4']},
        },
      ],
      'variables': {'kernel_targets': ['kernels_base', 'kernels_v3', 'kernels_v4']},
    }],
    ['target_arch=="arm64"', {
      'targets': [
        {'target_name': 'kernels_neon', 'type': 'static_library', 'sources': ['native/backends/cpu/kernels_neon.cc']},
      ],
      'variables': {'kernel_targets': ['kernels_neon']},
    }],
    ['OS=="mac"', {
      'variables': {
        'platform_sources': ['native/host/platform_darwin.cc'],
        'platform_libraries': ['-framework CoreFoundation'],
        'sandbox_sources': ['native/worker/sandbox_darwin.cc'],
        'hostile_sources': ['native/worker/hostile_darwin.cc'],
        'gpu_sources': [
          'native/backends/metal/command_fault.cc',
          'native/backends/metal/device.mm',
          'native/backends/metal/gpu.mm',
          'native/backends/metal/text.cc',
          '<@(gpu_shared_sources)',
        ],
      },
    }],
    ['OS!="mac" and OS!="linux"', {'variables': {'gpu_sources': ['native/backends/absent/gpu.cc']}}],
    ['OS=="linux"', {
      'variables': {
        'platform_sources': ['native/host/platform_linux.cc'],
        'platform_libraries': [],
        'sandbox_sources': ['native/worker/sandbox_linux.cc', 'native/worker/syscall_filter.cc'],
        'hostile_sources': ['native/worker/hostile_linux.cc'],
        'gpu_sources': [
          'native/backends/opencl/api.cc',
          'native/backends/opencl/device.cc',
          'native/backends/opencl/gpu.cc',
          'native/backends/opencl/program.cc',
          'native/backends/opencl/text.cc',
          '<@(gpu_shared_sources)',
        ],
      },
    }],
  ],
  'targets': [
    {
      # The GPU of this system. Its kernels' text is written by scripts/native.mjs.
      'target_name': 'gpu',
      'type': 'static_library',
      'sources': ['<@(gpu_sources)'],
      'include_dirs': ['build/generated'],
      'conditions': [
        ['OS=="linux"', {'link_settings': {'libraries': ['-ldl']}}],
        ['OS=="mac"', {
          'xcode_settings': {'CLANG_ENABLE_OBJC_ARC': 'YES', 'OTHER_CFLAGS': ['-fobjc-arc-exceptions']},
          # Without CoreGraphics there is no default device.
          'link_settings': {
            'libraries': ['-framework Foundation', '-framework CoreGraphics', '-framework Metal'],
          },
        }],
      ],
    },
    {
      'target_name': 'host',
      'sources': ['<@(addon_sources)', '<@(platform_sources)', 'native/backends/cpu/dispatch.cc'],
      'dependencies': ['<@(kernel_targets)'],
      'libraries': ['<@(platform_libraries)'],
      'defines': ['ACCELD_VERSION="<(acceld_version)"'],
    },
    {
      # The same with test hooks. No production code loads it.
      'target_name': 'host_test',
      'sources': [
        '<@(addon_sources)',
        '<@(platform_sources)',
        'native/backends/cpu/dispatch.cc',
        'native/host/parts_binding.cc',
      ],
      'dependencies': ['<@(kernel_targets)'],
      'libraries': ['<@(platform_libraries)'],
      'defines': ['ACCELD_VERSION="<(acceld_version)+test"', 'ACCELD_TEST'],
    },
    {
      # Owns a device in a process that may die. Not linked with Node.
      'target_name': 'acceld-worker',
      'type': 'executable',
      'sources': [
        '<@(worker_sources)',
        '<@(platform_sources)',
        '<@(sandbox_sources)',
        'native/worker/faults_none.cc',
      ],
      'dependencies': ['<@(kernel_targets)', 'gpu'],
      'ldflags': ['-pthread'],
    },
    {
      # The same, able to do everything wrong that a worker can.
      'target_name': 'acceld-worker-test',
      'type': 'executable',
      'sources': [
        '<@(worker_sources)',
        '<@(platform_sources)',
        '<@(sandbox_sources)',
        'native/worker/faults_test.cc',
        '<@(hostile_sources)',
      ],
      'dependencies': ['<@(kernel_targets)', 'gpu'],
      'defines': ['ACCELD_TEST'],
      'ldflags': ['-pthread'],
    },
  ],
}
