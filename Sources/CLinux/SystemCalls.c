#define _GNU_SOURCE
#include "SystemCalls.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

int causeway_count_system_calls(pid_t thread, uint64_t tracepoint) {
    struct perf_event_attr attributes = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof attributes, .config = tracepoint};
    long descriptor = syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return descriptor < 0 ? -errno : (int)descriptor;
}
