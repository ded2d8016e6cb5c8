internal import Glibc

/// The buffers of one shard, in four sizes, kept for reuse.
///
/// Connections hold buffers only while bytes wait, so that an idle one costs nothing and a busy shard allocates nothing. The buffer that
/// was returned last is given out first: it is still in the processor's cache. Only the shard's thread uses the pool.
struct BufferPool: ~Copyable {
    /// The sizes a buffer can have. Each is a multiple of the page size; memory that was never touched costs nothing.
    enum Size: Int, CaseIterable, Comparable {
        /// A few packets.
        case small
        /// Two TLS records.
        case medium
        /// A full queue with more than as much again to move it, or the largest login frame.
        case large
        /// The presence of all clients, for another relay that watches them.
        case huge

        var byteCount: Int {
            switch self {
            case .small: 4 << 10
            case .medium: 32 << 10
            case .large: 1 << 20
            case .huge: 8 << 20
            }
        }

        /// The next larger size; nil for the largest.
        var larger: Size? { Size(rawValue: rawValue + 1) }

        static func < (left: Size, right: Size) -> Bool { left.rawValue < right.rawValue }

        /// The smallest size for so many bytes; nil when none is large enough.
        static func fitting(_ count: Int) -> Size? {
            allCases.first { $0.byteCount >= count }
        }

        /// Buffers kept for reuse: about 16 MiB of each size, more go back to the system.
        fileprivate var keptCount: Int { (16 << 20) / byteCount }
    }

    private var small: [UnsafeMutableRawPointer] = []
    private var medium: [UnsafeMutableRawPointer] = []
    private var large: [UnsafeMutableRawPointer] = []
    private var huge: [UnsafeMutableRawPointer] = []
    /// Buffers that were given out and not returned.
    private(set) var outstanding = 0

    init() {
        small.reserveCapacity(Size.small.keptCount)
        medium.reserveCapacity(Size.medium.keptCount)
        large.reserveCapacity(Size.large.keptCount)
        huge.reserveCapacity(Size.huge.keptCount)
    }

    deinit {
        for pointer in small + medium + large + huge { free(pointer) }
    }

    /// Gives out a buffer of that size, its content undefined.
    mutating func take(_ size: Size) -> UnsafeMutableRawPointer {
        outstanding += 1
        let kept: UnsafeMutableRawPointer? =
            switch size {
            case .small: small.popLast()
            case .medium: medium.popLast()
            case .large: large.popLast()
            case .huge: huge.popLast()
            }
        return kept ?? allocate(size)
    }

    /// Takes back a buffer of that size.
    mutating func give(_ pointer: UnsafeMutableRawPointer, _ size: Size) {
        outstanding -= 1
        switch size {
        case .small where small.count < size.keptCount: small.append(pointer)
        case .medium where medium.count < size.keptCount: medium.append(pointer)
        case .large where large.count < size.keptCount: large.append(pointer)
        case .huge where huge.count < size.keptCount: huge.append(pointer)
        case .small, .medium, .large, .huge: free(pointer)
        }
    }

    private func allocate(_ size: Size) -> UnsafeMutableRawPointer {
        guard let pointer = malloc(size.byteCount) else { preconditionFailure("out of memory for a buffer") }
        return pointer
    }
}
