/// The error of every read past the end: the message is shorter than its format says.
package struct EndOfBytes: Error, Equatable {
    package init() {}
}

/// Reads big-endian integers and byte runs from borrowed bytes, never past their end.
///
/// It is the one place in the pure cores that loads integers from memory: every load stands behind a bounds check.
/// Runs are returned as copies or as offset ranges, so that no borrowed memory outlives a call.
package struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    /// The offset of the next byte to read, from the start of the bytes given.
    package private(set) var offset: Int

    /// Starts to read `bytes` at `offset`, which may be anything: a start outside the bytes reads as their end.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan, at offset: Int = 0) {
        self.bytes = bytes
        self.offset = min(max(offset, 0), bytes.byteCount)
    }

    /// The number of bytes not yet read.
    package var remaining: Int { bytes.byteCount - offset }

    package mutating func readUInt8() throws(EndOfBytes) -> UInt8 {
        let start = try advance(by: 1)
        return unsafe bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self)
    }

    package mutating func readUInt16() throws(EndOfBytes) -> UInt16 {
        let start = try advance(by: 2)
        return unsafe UInt16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt16.self))
    }

    package mutating func readUInt32() throws(EndOfBytes) -> UInt32 {
        let start = try advance(by: 4)
        return unsafe UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
    }

    package mutating func readUInt64() throws(EndOfBytes) -> UInt64 {
        let start = try advance(by: 8)
        return unsafe UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }

    /// Reads a little-endian integer (Noise counts its nonces so).
    package mutating func readLittleEndianUInt64() throws(EndOfBytes) -> UInt64 {
        try readUInt64().byteSwapped
    }

    /// Reads `count` bytes into a new array.
    package mutating func readBytes(_ count: Int) throws(EndOfBytes) -> [UInt8] {
        let range = try skip(count)
        return bytes.copy(range)
    }

    /// Reads all that is left into a new array.
    package mutating func readRest() -> [UInt8] {
        defer { offset = bytes.byteCount }
        return bytes.copy(offset..<bytes.byteCount)
    }

    /// Passes over `count` bytes and returns where they lie.
    @discardableResult
    package mutating func skip(_ count: Int) throws(EndOfBytes) -> Range<Int> {
        let start = try advance(by: count)
        return start..<start + count
    }

    private mutating func advance(by count: Int) throws(EndOfBytes) -> Int {
        guard count >= 0, count <= remaining else { throw EndOfBytes() }
        defer { offset += count }
        return offset
    }
}

extension RawSpan {
    /// Copies a range out of the span; what lies outside of the span is left out.
    package func copy(_ range: Range<Int>) -> [UInt8] {
        let range = range.clamped(to: 0..<byteCount)
        return unsafe withUnsafeBytes { unsafe Array($0[range]) }
    }

    /// Copies the whole span.
    package func copy() -> [UInt8] { copy(0..<byteCount) }

    /// The byte at `offset`, or nil outside of the span.
    @inlinable
    package func uint8(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The big-endian integer at `offset`, or nil when it does not lie within the span.
    @inlinable
    package func uint32(at offset: Int) -> UInt32? {
        guard offset >= 0, byteCount >= 4, offset <= byteCount &- 4 else { return nil }
        return unsafe UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The big-endian integer at `offset`, or nil when it does not lie within the span.
    @inlinable
    package func uint64(at offset: Int) -> UInt64? {
        guard offset >= 0, byteCount >= 8, offset <= byteCount &- 8 else { return nil }
        return unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Tells whether the bytes at `offset` are `prefix`; bytes past the end never are.
    package func matches(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
        guard offset >= 0, prefix.count <= byteCount - offset else { return false }
        return unsafe withUnsafeBytes { unsafe $0[offset..<offset + prefix.count].elementsEqual(prefix) }
    }
}

extension [UInt8] {
    /// The array's bytes, borrowed: what parsers take.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe span.bytes }
    }
}
