#!/usr/bin/env bash
# Compiles for macOS, without a Mac, what the addon and acceld-worker are made of there, and links them strictly:
#   MACOS_SDK=/path/to/MacOSX.sdk scripts/check-darwin.sh
# Finds names, types, selectors, availability and symbols that are wrong. Runs nothing. Needs clang and lld.
# An SDK without libc++.tbd will do: names of the C++ library are then taken on trust.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${MACOS_SDK:?set MACOS_SDK to the folder of a macOS SDK}"
for library in System objc; do
  [ -e "$MACOS_SDK/usr/lib/lib$library.tbd" ] || { echo "the SDK has no usr/lib/lib$library.tbd" >&2; exit 1; }
done

# The newest of a tool: its plain name, or with a version as Debian has it.
find_tool() {
  local found
  found=$(compgen -c | grep -E "^$1(-[0-9]+)?\$" | sort -V | tail -1)
  [ -n "$found" ] || { echo "missing: $1" >&2; exit 1; }
  echo "$found"
}
clang=$(find_tool 'clang\+\+')
linker=$(find_tool ld64.lld)

objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
node -e 'import("./scripts/gpu-text.mjs").then((text) => text.writeGpuText("metal", process.argv[1]))' "$objects"

flags=(
  -target arm64-apple-macos14.0 -isysroot "$MACOS_SDK" -nostdinc++ -isystem "$MACOS_SDK/usr/include/c++/v1" -stdlib=libc++
  -std=c++17 -O2 -ffp-contract=off -fno-math-errno -fvisibility=hidden -fexceptions
  -Wall -Wextra -Werror -Werror=unguarded-availability-new -I "$objects" '-DACCELD_KERNEL_DIGEST="0123456789abcdef"'
)
sources=$(find native/backends native/worker native/host -name '*.mm' -o -name '*_darwin.cc' -o \
  \( -path 'native/worker/*' -o -path 'native/backends/gpu/*' -o -path 'native/backends/metal/*' \) -name '*.cc' |
  grep -vE '_linux\.cc|/syscall_filter\.cc|/faults_test\.cc|/hostile\.cc')
for source in $sources native/backends/cpu/{dispatch,kernels_neon}.cc; do
  arc=()
  [[ $source == *.mm ]] && arc=(-fobjc-arc -fobjc-arc-exceptions)
  "$clang" "${flags[@]}" "${arc[@]}" -c "$source" -o "$objects/${source//\//_}.o"
done

# The addon. Node's own symbols are the only ones that it may lack.
mkdir "$objects/host"
node_headers=$(node -p 'require("path").join(fs.realpathSync(process.execPath), "../../include/node")')
for source in native/host/*.cc; do
  [[ $source == *_linux.cc || $source == *_darwin.cc || $source == */parts_binding.cc ]] && continue
  "$clang" "${flags[@]}" -DNAPI_VERSION=8 -DNAPI_DISABLE_CPP_EXCEPTIONS -DNODE_GYP_MODULE_NAME=host '-DACCELD_VERSION="0"' \
    -isystem "$node_headers" -isystem node_modules/node-addon-api -c "$source" -o "$objects/host/$(basename "$source").o"
done

# Names that no library here has: what @available calls is in the compiler's own for macOS, Node has its own, and where
# there is no libc++ mangled names that are not ours, and the run time of exceptions, are what it would have.
known='___isPlatformVersionAtLeast|_napi_|_node_api_|_uv_'
libraries=(-lobjc -lSystem)
if [ -e "$MACOS_SDK/usr/lib/libc++.tbd" ]; then libraries+=(-lc++); else known+='|__Z|___(cxa|gxx)_'; fi

# NAME, then what it is linked of. Says which names nobody has.
link() {
  local name=$1 said unknown
  shift
  said=$("$linker" -arch arm64 -platform_version macos 14.0 14.0 -syslibroot "$MACOS_SDK" -adhoc_codesign \
    -undefined error --error-limit=0 "${libraries[@]}" \
    -framework Foundation -framework CoreFoundation -framework CoreGraphics -framework Metal \
    "$@" -o "$objects/$name" 2>&1 || true)
  unknown=$(grep error: <<<"$said" | grep -vE "undefined symbol: ($known)" || true)
  unknown+=$(grep 'undefined symbol: .*acceld' <<<"$said" || true)
  [ -z "$unknown" ] || { echo "$unknown" >&2; exit 1; }
}
link acceld-worker "$objects"/*.o
link host.node -bundle "$objects"/host/*.o "$objects"/native_backends_cpu_*.o "$objects"/native_host_platform_darwin.cc.o
echo "ok: $(find "$objects" -name '*.o' | wc -l) files for arm64 macOS 14 compile and link against $MACOS_SDK"
