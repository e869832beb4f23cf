// npm run setup: installs what the full tests and benches need beyond npm's packages. The daemon and the demo need none of it.
import { capture, root, stream } from './run.mjs';

/** Debian package, Homebrew formula (null: macOS has no equivalent), and what needs it. */
const parts = [
  { apt: 'build-essential', brew: null, use: 'C++ compiler and make', macos: 'xcode-select --install' },
  { apt: 'python3', brew: 'python', use: 'node-gyp, Python client tests, benches' },
  { apt: 'pkg-config', brew: 'pkgconf', use: 'building the load client of the benches' },
  { apt: 'clang-format', brew: 'clang-format', use: 'lint of the native sources' },
  { apt: 'pocl-opencl-icd', brew: null, use: 'the GPU kernels on a processor', macos: 'not needed: the Mac has Metal' },
  { apt: 'ocl-icd-libopencl1', brew: null, use: 'the GPU kernels on a processor', macos: 'not needed' },
  // PoCL starts ld.
  { apt: 'binutils', brew: null, use: 'compiling the GPU kernels', macos: 'not needed' },
  { apt: 'clang', brew: null, use: 'checking the Metal kernels without a Mac', macos: 'not needed' },
  { apt: 'qemu-user', brew: null, use: 'the ARM kernels on x86', macos: 'not needed: the Mac runs them itself' },
  { apt: 'g++-aarch64-linux-gnu', brew: null, use: 'the ARM kernels on x86', macos: 'not needed' },
  { apt: 'libc6-dev-arm64-cross', brew: null, use: 'the ARM kernels on x86', macos: 'not needed' },
  {
    apt: 'python3-grpcio',
    brew: null,
    use: 'the Python client',
    macos: 'pip3 install grpcio in a virtual environment',
  },
  { apt: 'python3-protobuf', brew: null, use: 'the Python client', macos: 'pip3 install protobuf' },
  { apt: 'python3-numpy', brew: 'numpy', use: 'peer in the benches' },
  { apt: 'python3-scipy', brew: 'scipy', use: 'peer in the benches, oracle in tests' },
  { apt: 'libopenblas0-pthread', brew: 'openblas', use: 'the fast BLAS under NumPy' },
  { apt: 'quantlib-python', brew: null, use: 'regenerating reference prices', macos: 'pip3 install QuantLib' },
  { apt: 'libgrpc++-dev', brew: 'grpc', use: 'load client of the benches' },
  { apt: 'libquantlib0-dev', brew: 'quantlib', use: 'peer in the benches' },
  { apt: 'protobuf-compiler', brew: 'protobuf', use: 'generating Python messages in tests' },
  {
    apt: 'protobuf-compiler-grpc',
    brew: null,
    use: 'generating Python stubs in tests',
    macos: 'part of the formula grpc',
  },
  { apt: 'systemd', brew: null, use: 'a socket-activated start and a check of the units', macos: 'not needed' },
  { apt: 'prometheus', brew: 'prometheus', use: 'checking metrics, alert rules and the dashboard' },
  { apt: 'util-linux', brew: null, use: 'taskset: pins processes in benches', macos: 'benches run unpinned' },
];

process.exit(await (process.platform === 'darwin' ? withHomebrew() : withApt()));

async function withApt() {
  if ((await capture('apt-get', ['--version'])).code !== 0) {
    console.error('setup knows Debian and Ubuntu (apt-get) and macOS (brew). The parts, for any other system:');
    for (const { apt, use } of parts) console.error(`  ${apt}: ${use}`);
    return 1;
  }
  const missing = [];
  for (const part of parts) {
    const { output } = await capture('dpkg-query', ['-W', '-f=${db:Status-Status}', part.apt]);
    const isInstalled = output.trim() === 'installed';
    console.log(`${isInstalled ? 'installed' : 'to install'}  ${part.apt}: ${part.use}`);
    if (!isInstalled) missing.push(part.apt);
  }
  if (missing.length === 0) {
    console.log('setup: everything is installed');
    return 0;
  }
  const update = await asRoot('apt-get', '-o', 'DPkg::Lock::Timeout=400', 'update');
  if (update !== 0) return update;
  // RUNLEVEL=1: no package may start a service.
  const options = ['-o', 'DPkg::Lock::Timeout=400', 'install', '-y', '--no-install-recommends'];
  return asRoot('env', 'RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, ...missing);
}

function asRoot(...command) {
  const words = process.getuid() === 0 ? command : ['sudo', ...command];
  console.log(`$ ${words.join(' ')}`);
  return stream(words[0], words.slice(1), { cwd: root });
}

async function withHomebrew() {
  for (const { apt, macos, use } of parts.filter(({ brew }) => brew === null)) {
    console.log(`by hand   ${apt} (${use}): ${macos}`);
  }
  const listed = await capture('brew', ['list', '--formula', '-1']);
  if (listed.code === null) {
    console.error('setup: Homebrew is missing (https://brew.sh)');
    return 1;
  }
  const present = new Set(listed.output.split('\n'));
  const formulas = parts.flatMap(({ brew }) => brew ?? []);
  const missing = formulas.filter((formula) => !present.has(formula));
  for (const formula of formulas) console.log(`${present.has(formula) ? 'installed' : 'to install'}  ${formula}`);
  return missing.length === 0 ? 0 : stream('brew', ['install', ...missing]);
}
