internal import Glibc

/// A run of bytes in a pooled buffer that grows with what is in it and goes back to the pool when it is empty.
///
/// The owner returns the buffer with `release` before it lets go of the value.
struct PooledBytes: ~Copyable {
    private(set) var base: UnsafeMutableRawPointer?
    private var size = BufferPool.Size.small
    /// The first byte of the content, and one past its last: small, since every connection has four of these values.
    private var beginOffset: UInt32 = 0
    private var endOffset: UInt32 = 0

    private var begin: Int {
        get { Int(beginOffset) }
        set { beginOffset = UInt32(truncatingIfNeeded: newValue) }
    }

    private var end: Int {
        get { Int(endOffset) }
        set { endOffset = UInt32(truncatingIfNeeded: newValue) }
    }

    var count: Int { end - begin }
    var isEmpty: Bool { begin == end }
    /// Where the content begins. Only valid while it is not empty.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base?.advanced(by: begin), count: end - begin) }

    /// The same for who changes the content where it lies; nil while it is empty.
    var start: UnsafeMutableRawPointer? { isEmpty ? nil : base.map { $0 + begin } }

    /// Copies the content to `target`, which has room for it.
    func copy(to target: UnsafeMutableRawPointer) {
        guard let start else { return }
        memcpy(target, start, count)
    }

    /// Makes room for `count` more bytes and answers where they go; nil when no buffer is so large.
    private mutating func reserve(_ count: Int, from pool: inout BufferPool) -> UnsafeMutableRawPointer? {
        if let base, end + count <= size.byteCount { return base + end }
        guard let needed = BufferPool.Size.fitting(self.count + count) else { return nil }
        if let base, needed.rawValue <= size.rawValue {
            memmove(base, base + begin, self.count)
        } else {
            let larger = pool.take(needed)
            if let base {
                memcpy(larger, base + begin, self.count)
                pool.give(base, size)
            }
            base = larger
            size = needed
        }
        end -= begin
        begin = 0
        return base.map { $0 + end }
    }

    /// Appends a copy; false when no buffer is large enough.
    mutating func append(_ source: UnsafeRawBufferPointer, from pool: inout BufferPool) -> Bool {
        guard let address = source.baseAddress, source.count > 0 else { return true }
        guard let room = reserve(source.count, from: &pool) else { return false }
        memcpy(room, address, source.count)
        end += source.count
        return true
    }

    /// Forgets the first `count` bytes; the buffer of an empty run goes back.
    mutating func remove(first count: Int, to pool: inout BufferPool) {
        begin += count
        if begin == end { release(to: &pool) }
    }

    mutating func release(to pool: inout BufferPool) {
        if let base { pool.give(base, size) }
        base = nil
        begin = 0
        end = 0
    }
}
