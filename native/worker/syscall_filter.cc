#include "syscall_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace acceld {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kMachine = AUDIT_ARCH_AARCH64;
#endif

// Numbers that headers may be too old to have are the same on every machine from 424 on.
const int kRefused[] = {
    // Sockets: the one it has was inherited.
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    // Other processes.
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_ioprio_set,
    SYS_setpgid,
    SYS_setsid,
    424 /* pidfd_send_signal */,
    434 /* pidfd_open */,
    438 /* pidfd_getfd */,
    440 /* process_madvise */,
    448 /* process_mrelease */,
    // Files by their attributes and by other ways than open, which landlock does not see.
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_inotify_init1,
    SYS_fanotify_init,
    452 /* fchmodat2 */,
    // What other processes could share or the system is made of.
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_semget,
    SYS_msgget,
    SYS_mq_open,
    SYS_mq_unlink,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_perf_event_open,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_syslog,
    SYS_acct,
    SYS_quotactl,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    425 /* io_uring_setup */,
    426 /* io_uring_enter */,
    427 /* io_uring_register */,
    428 /* open_tree */,
    429 /* move_mount */,
    430 /* fsopen */,
    432 /* fsmount */,
    442 /* mount_setattr */,
#if defined(__x86_64__)
    // Older calls of the same, which later machines do not have.
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
    SYS_inotify_init,
    SYS_ioperm,
    SYS_iopl,
    SYS_modify_ldt,
#endif
};

const int kStartsPrograms[] = {
    SYS_execve,
    SYS_execveat,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
#endif
};

// Signals that a process may send to itself: 0 would be its whole group.
const int kSignals[] = {SYS_kill, SYS_tgkill};
const int kLimits[] = {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam,
                       SYS_sched_setattr};

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kNotPermitted = SECCOMP_RET_ERRNO | EPERM;
constexpr uint32_t kUnknownCall = SECCOMP_RET_ERRNO | ENOSYS;

class Program {
 public:
  void Load(size_t offset) { Add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
  void Return(uint32_t action) { Add(BPF_RET | BPF_K, action); }
  // Skips the next `count` steps unless the loaded word is `value`.
  void UnlessSkip(uint32_t value, uint8_t count) { Add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count); }
  void IfSkip(uint32_t value, uint8_t count) { Add(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0); }
  void UnlessBitsSkip(uint32_t bits, uint8_t count) { Add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, count); }
  void UnlessAtLeastSkip(uint32_t value, uint8_t count) { Add(BPF_JMP | BPF_JGE | BPF_K, value, 0, count); }
  void Answer(int call, uint32_t action) {
    UnlessSkip(static_cast<uint32_t>(call), 1);
    Return(action);
  }
  bool Install() {
    const sock_fprog program{static_cast<unsigned short>(steps_.size()), steps_.data()};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
  }

 private:
  void Add(int code, uint32_t value, uint8_t if_true = 0, uint8_t if_false = 0) {
    steps_.push_back({static_cast<unsigned short>(code), if_true, if_false, value});
  }
  std::vector<sock_filter> steps_;
};

// The low word of an argument: both machines are little-endian.
constexpr size_t Argument(int index) {
  return offsetof(seccomp_data, args) + static_cast<size_t>(index) * sizeof(uint64_t);
}
constexpr size_t kNumber = offsetof(seccomp_data, nr);

void RefusePrograms(Program* program) {
  for (const int call : kStartsPrograms) program->Answer(call, kNotPermitted);
  // Its arguments lie in memory, where a filter cannot look; the C library takes clone instead.
  program->Answer(435 /* clone3 */, kUnknownCall);
  program->UnlessSkip(SYS_clone, 4);
  program->Load(Argument(0));
  program->UnlessBitsSkip(CLONE_THREAD, 1);
  program->Return(kAllow);
  program->Return(kNotPermitted);
}

// Allowed where the first argument is this process, or 0 where that means the calling thread.
void AllowOnItself(Program* program, int call, bool zero_is_itself) {
  program->UnlessSkip(static_cast<uint32_t>(call), 5);
  program->Load(Argument(0));
  program->IfSkip(static_cast<uint32_t>(getpid()), 2);
  program->IfSkip(zero_is_itself ? 0 : static_cast<uint32_t>(getpid()), 1);
  program->Return(kNotPermitted);
  program->Return(kAllow);
}

// Priorities: of the calling thread alone.
void AllowOwnPriority(Program* program) {
  program->UnlessSkip(SYS_setpriority, 5);
  program->Load(Argument(0));
  program->UnlessSkip(PRIO_PROCESS, 2);
  program->Load(Argument(1));
  program->IfSkip(0, 1);
  program->Return(kNotPermitted);
}

}  // namespace

bool FilterSystemCalls(bool starts_programs) {
  Program program;
  program.Load(offsetof(seccomp_data, arch));
  program.IfSkip(kMachine, 1);
  program.Return(SECCOMP_RET_KILL_PROCESS);
  program.Load(kNumber);
#if defined(__x86_64__)
  // The same calls again, under the numbers of the x32 machine.
  program.UnlessAtLeastSkip(0x40000000, 1);
  program.Return(kNotPermitted);
#endif
  for (const int call : kRefused) program.Answer(call, kNotPermitted);
  if (!starts_programs) RefusePrograms(&program);
  for (const int call : kSignals) AllowOnItself(&program, call, false);
  for (const int call : kLimits) AllowOnItself(&program, call, true);
  AllowOwnPriority(&program);
  program.Return(kAllow);
  return program.Install();
}

}  // namespace acceld
