internal import Foundation
internal import Glibc

/// What the kernel knows of this process.
enum ProcessFigures {
    /// Resident memory; 0 where `/proc` is not mounted.
    static var residentBytes: UInt64 {
        // The second word of statm is the resident set in pages; without /proc there is nothing to tell.
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ UInt64($0) })
        else { return 0 }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Open file descriptors; 0 where `/proc` is not mounted.
    static var openFiles: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
}
