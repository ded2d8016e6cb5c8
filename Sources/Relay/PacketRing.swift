internal import Synchronization

/// Packets on their way from one shard to another: a bounded ring of bytes with one producer and one consumer, without a lock.
///
/// Each record lies in one piece: a header of 24 bytes, then the frame, rounded up to 8 bytes.
/// ```
/// 0        4      5        8             16        24
/// +--------+------+--------+-------------+---------+---------
/// | length | kind | 0      | destination | source  | frame …
/// +--------+------+--------+-------------+---------+---------
/// ```
final class PacketRing: @unchecked Sendable {
    /// What a record is.
    enum Kind: UInt8 {
        /// The rest of the ring's end is unused: go on at its start.
        case skip = 0
        case disco = 1
        case other = 2
        /// The connection `destination` should read no more for a while: `source` cannot keep up.
        case pause = 3
        /// The connection `destination` may read again: `source` can keep up.
        case resume = 4
        /// The connection `destination` should call `source` to its shard.
        case invite = 5
        /// The connection `destination` should move to the shard of `source`, which pauses meanwhile.
        case come = 6
        /// Here it is: the frame is a pointer to the connection, which belongs to the reader. `source` is what it was called.
        case migrant = 7
    }

    struct Record {
        var kind: Kind
        var destination: ConnectionID
        var source: ConnectionID
        var frame: UnsafeRawBufferPointer
    }

    /// A few full reads of one connection; what does not fit stays unread in its sender's socket.
    static let capacity = 512 << 10
    private static let headerCount = 24

    // The producer alone uses `producer`, the consumer alone `consumer`. Bytes are handed over by the release of `written` and the acquire
    // of it on the other side, and given back by the release of `read`.
    private let bytes: UnsafeMutableRawPointer
    private let producer: UnsafeMutablePointer<(written: Int, published: Int, knownRead: Int)>
    private let consumer: UnsafeMutablePointer<(read: Int, knownWritten: Int)>
    private let written = Atomic<Int>(0)
    private let read = Atomic<Int>(0)
    /// Whether the producer waits for room.
    private let isAwaited = Atomic<Bool>(false)

    init() {
        bytes = .allocate(byteCount: Self.capacity, alignment: 64)
        producer = .allocate(capacity: 1)
        producer.initialize(to: (0, 0, 0))
        consumer = .allocate(capacity: 1)
        consumer.initialize(to: (0, 0))
    }

    deinit {
        bytes.deallocate()
        producer.deallocate()
        consumer.deallocate()
    }

    // MARK: - Producer

    /// Writes a record; false when it does not fit. The consumer sees it after `publish()`.
    func append(_ kind: Kind, to destination: ConnectionID, from source: ConnectionID, _ frame: UnsafeRawBufferPointer) -> Bool {
        let size = (Self.headerCount + frame.count + 7) & ~7
        var offset = producer.pointee.written & (Self.capacity - 1)
        let rest = Self.capacity - offset
        let needed = rest >= size ? size : rest + size
        guard room(atLeast: needed) else { return false }
        if rest < size {
            (bytes + offset).storeBytes(of: UInt32(truncatingIfNeeded: rest), as: UInt32.self)
            (bytes + offset).storeBytes(of: Kind.skip.rawValue, toByteOffset: 4, as: UInt8.self)
            producer.pointee.written += rest
            offset = 0
        }
        let record = bytes + offset
        record.storeBytes(of: UInt32(truncatingIfNeeded: frame.count), as: UInt32.self)
        record.storeBytes(of: kind.rawValue, toByteOffset: 4, as: UInt8.self)
        record.storeBytes(of: destination.rawValue, toByteOffset: 8, as: UInt64.self)
        record.storeBytes(of: source.rawValue, toByteOffset: 16, as: UInt64.self)
        if let start = frame.baseAddress { (record + Self.headerCount).copyMemory(from: start, byteCount: frame.count) }
        producer.pointee.written += size
        return true
    }

    /// Whether a whole read of a connection still fits.
    func room(atLeast count: Int) -> Bool {
        if Self.capacity - (producer.pointee.written - producer.pointee.knownRead) >= count { return true }
        producer.pointee.knownRead = read.load(ordering: .acquiring)
        return Self.capacity - (producer.pointee.written - producer.pointee.knownRead) >= count
    }

    /// Where the next record goes: a mark for `isConsumed`.
    var position: Int { producer.pointee.written }

    /// Whether everything before `mark` has been read.
    func isConsumed(upTo mark: Int) -> Bool {
        if producer.pointee.knownRead >= mark { return true }
        producer.pointee.knownRead = read.load(ordering: .acquiring)
        return producer.pointee.knownRead >= mark
    }

    /// Asks to be woken when the consumer has read something.
    func awaitConsumer() { isAwaited.store(true, ordering: .sequentiallyConsistent) }

    /// Shows the consumer what was appended. Answers whether there was anything.
    func publish() -> Bool {
        guard producer.pointee.published != producer.pointee.written else { return false }
        producer.pointee.published = producer.pointee.written
        // Ordered before the look at whether the consumer sleeps.
        written.store(producer.pointee.written, ordering: .sequentiallyConsistent)
        return true
    }

    // MARK: - Consumer

    /// Whether there is something to read.
    var isEmpty: Bool { written.load(ordering: .sequentiallyConsistent) == consumer.pointee.read }

    /// The next record; nil when none is left. It stays valid until `release()`.
    func next() -> Record? {
        while true {
            if consumer.pointee.read == consumer.pointee.knownWritten {
                consumer.pointee.knownWritten = written.load(ordering: .acquiring)
                guard consumer.pointee.read != consumer.pointee.knownWritten else { return nil }
            }
            let record = bytes + (consumer.pointee.read & (Self.capacity - 1))
            let count = Int(record.load(as: UInt32.self))
            guard let kind = Kind(rawValue: record.load(fromByteOffset: 4, as: UInt8.self)) else {
                preconditionFailure("a record has one of eight kinds")
            }
            if kind == .skip {
                consumer.pointee.read += count
                continue
            }
            consumer.pointee.read += (Self.headerCount + count + 7) & ~7
            return Record(
                kind: kind,
                destination: ConnectionID(rawValue: record.load(fromByteOffset: 8, as: UInt64.self)),
                source: ConnectionID(rawValue: record.load(fromByteOffset: 16, as: UInt64.self)),
                frame: UnsafeRawBufferPointer(start: record + Self.headerCount, count: count))
        }
    }

    /// Gives the room of all records read so far back to the producer. Answers whether it waits for that.
    func release() -> Bool {
        read.store(consumer.pointee.read, ordering: .sequentiallyConsistent)
        return isAwaited.load(ordering: .sequentiallyConsistent)
            && isAwaited.exchange(false, ordering: .sequentiallyConsistent)
    }
}
