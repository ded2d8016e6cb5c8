internal import Foundation
internal import Glibc

/// What a process has used so far, as Linux counts it under `/proc`.
struct ProcessUsage {
    /// CPU time in nanoseconds of all threads, user and kernel.
    var cpuNanoseconds: Double = 0
    /// How the kernel's clock ticks split into user and system time.
    var userTicks: Double = 0
    var systemTicks: Double = 0
    var voluntarySwitches: Double = 0
    var residentBytes: Double = 0

    /// Reads the counters of a running process; nil when there is none with that number or it may not be read.
    init?(process: Int32) {
        let folder = "/proc/\(process)"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/task"),  // It may have ended.
            let stat = Self.text("\(folder)/stat"), let status = Self.text("\(folder)/status")
        else { return nil }
        // The process's own clock counts threads that have ended as well.
        var clock = clockid_t()
        guard clock_getcpuclockid(process, &clock) == 0 else { return nil }
        cpuNanoseconds = Self.time(clock)
        for thread in threads {
            voluntarySwitches += Self.value("voluntary_ctxt_switches:", in: Self.text("\(folder)/task/\(thread)/status") ?? "")
        }
        // The second field is the program's name in parentheses and may hold spaces; user and system time are the 14th and 15th.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        if fields.count > 13 {
            userTicks = Double(fields[12]) ?? 0
            systemTicks = Double(fields[13]) ?? 0
        }
        residentBytes = Self.value("VmRSS:", in: status) * 1024
    }

    private init() {}

    /// What was used between an earlier reading and this one; memory as it is at this one.
    func since(_ earlier: ProcessUsage) -> ProcessUsage {
        var difference = ProcessUsage()
        difference.cpuNanoseconds = cpuNanoseconds - earlier.cpuNanoseconds
        difference.userTicks = userTicks - earlier.userTicks
        difference.systemTicks = systemTicks - earlier.systemTicks
        difference.voluntarySwitches = voluntarySwitches - earlier.voluntarySwitches
        difference.residentBytes = residentBytes
        return difference
    }

    /// The part of the CPU time that was spent in user space, 0…1.
    var userPart: Double { userTicks + systemTicks > 0 ? userTicks / (userTicks + systemTicks) : 0 }

    /// CPU time of this process in nanoseconds.
    static var ownCPU: Double { time(CLOCK_PROCESS_CPUTIME_ID) }

    private static func time(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// Kernel memory of the whole machine that grows with connections, in bytes: what TCP has buffered, and the kernel's own objects.
    static var kernelMemory: Double {
        let line = text("/proc/net/sockstat")?.split(separator: "\n").first { $0.hasPrefix("TCP:") }
        let pages = line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
        return pages * Double(getpagesize()) + value("Slab:", in: text("/proc/meminfo") ?? "") * 1024
    }

    private static func text(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)  // The thread may have ended between listing and reading.
    }

    private static func value(_ name: String, in text: String) -> Double {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Double($0) } ?? 0
    }
}
