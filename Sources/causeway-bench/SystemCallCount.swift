internal import CLinux
internal import Foundation
internal import Glibc

/// Counts the system calls of a process's threads, by the kernel's own tracing (perf_event_open(2)). Counting slows each call down a little.
struct SystemCallCount: ~Copyable {
    private static let tracepoint = "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"

    /// One counter per thread.
    private var counters: [Int32] = []

    /// Starts counting.
    ///
    /// - Throws: `BenchFailure` when the process is gone or the kernel does not let us: it takes root.
    init(process: Int32) throws {
        guard let text = try? String(contentsOfFile: Self.tracepoint, encoding: .utf8),  // Absent, or not ours to read.
            let id = UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else {
            throw BenchFailure(
                "counting system calls takes root and the kernel's tracing files: \(Self.tracepoint) cannot be read")
        }
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") else {
            throw BenchFailure("no process \(process) runs here: give the server's with --server-pid")
        }
        for thread in threads.compactMap({ Int32($0) }) {
            let counter = causeway_count_system_calls(thread, id)
            // The thread may have ended since the listing.
            if counter == -ESRCH { continue }
            guard counter >= 0 else {
                let reason = String(cString: strerror(-counter))
                throw BenchFailure("the system calls of process \(process) cannot be counted: \(reason)")
            }
            counters.append(counter)
        }
    }

    deinit {
        for counter in counters { close(counter) }
    }

    /// Calls since the start.
    var total: UInt64 {
        counters.reduce(0) { sum, counter in
            var count: UInt64 = 0
            return read(counter, &count, MemoryLayout<UInt64>.size) == MemoryLayout<UInt64>.size ? sum &+ count : sum
        }
    }
}
