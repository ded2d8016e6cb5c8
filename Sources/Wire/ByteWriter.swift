/// Appends big-endian integers and byte runs to a growing buffer.
///
/// A shell on the hot path keeps one and calls `removeAll()` between messages: the capacity stays, so nothing is allocated.
package struct ByteWriter: Sendable {
    /// What has been written so far.
    package private(set) var bytes: [UInt8]

    package init(reservingCapacity capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package var count: Int { bytes.count }

    /// Forgets the content and keeps the capacity.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Gives the content away, uncopied, and starts again with nothing.
    package mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }

    package mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    package mutating func write(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    package mutating func write(_ value: UInt32) {
        write(UInt16(truncatingIfNeeded: value >> 16))
        write(UInt16(truncatingIfNeeded: value))
    }

    package mutating func write(_ value: UInt64) {
        write(UInt32(truncatingIfNeeded: value >> 32))
        write(UInt32(truncatingIfNeeded: value))
    }

    /// Appends 12 bytes in one step, for the hot path: the array checks its owner and its room only once.
    package mutating func write(_ first: UInt64, _ second: UInt32) {
        unsafe withUnsafeBytes(of: (first.bigEndian, second.bigEndian)) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends 20 bytes in one step.
    package mutating func write(_ first: UInt64, _ second: UInt64, _ third: UInt32) {
        unsafe withUnsafeBytes(of: (first.bigEndian, second.bigEndian, third.bigEndian)) {
            unsafe bytes.append(contentsOf: $0)
        }
    }

    package mutating func writeLittleEndian(_ value: UInt64) {
        write(value.byteSwapped)
    }

    package mutating func write(_ run: [UInt8]) {
        bytes.append(contentsOf: run)
    }

    package mutating func write(_ run: RawSpan) {
        unsafe run.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    package mutating func writeZeros(_ count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: max(0, count)))
    }

    /// Overwrites two bytes that were written before, for a length that is known only at the end.
    package mutating func replaceUInt16(at offset: Int, with value: UInt16) {
        precondition(offset >= 0 && offset + 2 <= bytes.count, "nothing was written there yet")
        bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
        bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
    }
}
