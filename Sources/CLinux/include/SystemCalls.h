/// Counting the system calls of another process.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Counts the system calls of a thread from now on: a descriptor to read 8 bytes from, the count, or -errno.
///
/// `tracepoint` is the number in `raw_syscalls/sys_enter/id` of the kernel's tracing files (perf_event_open(2)).
int causeway_count_system_calls(pid_t thread, uint64_t tracepoint);
