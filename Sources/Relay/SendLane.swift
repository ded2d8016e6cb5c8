internal import DERP
internal import Glibc

/// One lane of a send queue: whole frames in the order they came, bounded in packets and bytes, shared fairly by their sources.
///
/// The frames lie one behind the other in one pooled buffer, so that many of them leave in one TLS record without another copy. Beside
/// them lies a ring of packet records, indexed by sequence number, and the `FairShares`. When the lane is full, the oldest packet of the
/// source with the largest share goes: a source that stays below its share loses nothing, whatever the others do.
struct SendLane: ~Copyable {
    /// What a lane may hold.
    struct Bounds {
        var packets: Int
        var bytes: Int
    }

    /// Packets that were given up, and the bytes of their data, by kind.
    struct Drops {
        var discoPackets = 0
        var discoBytes = 0
        var otherPackets = 0
        var otherBytes = 0

        var packets: Int { discoPackets + otherPackets }

        mutating func add(_ kind: PacketKind, bytes: Int) {
            switch kind {
            case .disco:
                discoPackets += 1
                discoBytes += bytes
            case .other:
                otherPackets += 1
                otherBytes += bytes
            }
        }
    }

    /// One queued frame.
    struct Packet {
        var offset: UInt32
        var length: UInt32
        /// The sequence number of the same source's next packet, when there is one.
        var nextOfShare: UInt32
        /// When it was queued, in microseconds of the shard's clock.
        var queuedAt: UInt32
        var share: UInt16
        var isDropped: Bool
        var isDisco: Bool
    }

    /// Frames at the head of the lane that lie one behind the other.
    struct Run {
        var bytes: UnsafeRawBufferPointer
        var packets: Int
        /// When the first of them was queued.
        var queuedAt: UInt32
    }

    private let bounds: Bounds
    var storage: UnsafeMutableRawPointer?
    var storageSize = BufferPool.Size.small
    var sizeHint = BufferPool.Size.small
    /// Where the next frame goes.
    var end = 0
    var ring: UnsafeMutableRawPointer?
    var ringSize = BufferPool.Size.small
    /// Sequence numbers of the oldest packet and of the next one. Dropped packets may lie between them, but not at the head.
    var head: UInt32 = 0
    var tail: UInt32 = 0
    var shares = FairShares()
    /// Packets and bytes that wait.
    private(set) var packetCount = 0
    private(set) var byteCount = 0

    /// - Parameter sizeHint: the size of the first buffer, from what the lane held before.
    init(_ bounds: Bounds, sizeHint: BufferPool.Size = .small) {
        self.bounds = bounds
        self.sizeHint = sizeHint
    }

    var isEmpty: Bool { packetCount == 0 }
    /// Sources that have packets here.
    var sourceCount: Int { shares.count }

    /// What every packet costs its source beside its bytes, so that many small packets count as well as few large ones.
    static let packetCost = 128

    /// Whether an eighth of the packets or a third of the bytes are taken: the time to ask the sources for a pause, while there is room
    /// for what was already read from them.
    var isCongested: Bool { packetCount * 8 > bounds.packets || byteCount * 3 > bounds.bytes }
    /// Whether so little is left that paused sources may go on.
    var isRelaxed: Bool { packetCount * 32 <= bounds.packets && byteCount * 12 <= bounds.bytes }

    /// Whether it is time to tell a source to pause: the lane is congested, the source has at least its fair share of it, and has not been
    /// told since its packets last left the lane.
    mutating func shouldPause(_ source: UInt64) -> Bool {
        guard isCongested, let index = shares.find(source) else { return false }
        let share = shares.shares + Int(index)
        let total = byteCount + packetCount * Self.packetCost
        guard !share.pointee.isPausing, Int(share.pointee.cost) * shares.count >= total else { return false }
        share.pointee.isPausing = true
        return true
    }

    /// Forgets who was told to pause: they may go on.
    mutating func sourcesResumed() {
        for index in 0..<shares.used { shares.shares[index].isPausing = false }
    }

    /// Appends a frame of `source`; false when it was not taken. What had to go for it is added to `drops`.
    mutating func append(
        _ frame: UnsafeRawBufferPointer, from source: UInt64, kind: PacketKind, at microseconds: UInt32,
        pool: inout BufferPool, drops: inout Drops
    ) -> Bool {
        guard let address = frame.baseAddress, frame.count <= bounds.bytes else { return false }
        let share = shares.share(of: source, from: &pool)
        let own = shares.shares + Int(share)
        own.pointee.cost += UInt32(truncatingIfNeeded: frame.count + Self.packetCost)
        while packetCount >= bounds.packets || byteCount + frame.count > bounds.bytes {
            let heaviest = shares.heaviest(favouring: share)
            guard shares.shares[Int(heaviest)].packets > 0 else {
                // The frame alone outweighs everybody's packets.
                shares.remove(share)
                return false
            }
            dropOldest(of: heaviest, keeping: share, drops: &drops)
        }
        makeRoom(for: frame.count, pool: &pool)
        guard let storage else { return false }
        memcpy(storage + end, address, frame.count)
        if own.pointee.packets == 0 {
            own.pointee.oldest = tail
        } else {
            packets[slot(own.pointee.newest)].nextOfShare = tail
        }
        own.pointee.newest = tail
        own.pointee.packets += 1
        packets[slot(tail)] = Packet(
            offset: UInt32(truncatingIfNeeded: end), length: UInt32(truncatingIfNeeded: frame.count), nextOfShare: 0,
            queuedAt: microseconds, share: share, isDropped: false, isDisco: kind.isDisco)
        tail &+= 1
        end += frame.count
        packetCount += 1
        byteCount += frame.count
        return true
    }

    /// The frames at the head, `limit` bytes at most but one frame at least; nil when nothing waits.
    func run(limit: Int) -> Run? {
        guard packetCount > 0, let storage else { return nil }
        let first = packets[slot(head)]
        let start = Int(first.offset)
        var length = Int(first.length)
        var sequence = head &+ 1
        while sequence != tail {
            let packet = packets[slot(sequence)]
            guard !packet.isDropped, Int(packet.offset) == start + length, length + Int(packet.length) <= limit else { break }
            length += Int(packet.length)
            sequence &+= 1
        }
        return Run(
            bytes: UnsafeRawBufferPointer(start: storage + start, count: length), packets: Int(sequence &- head),
            queuedAt: first.queuedAt)
    }

    /// Forgets the run that `run` answered last. An empty lane gives its buffers back.
    mutating func consume(_ run: Run, pool: inout BufferPool) {
        guard run.packets < packetCount else {
            release(to: &pool)
            return
        }
        for _ in 0..<run.packets {
            remove(packets[slot(head)], at: head)
            head &+= 1
        }
        skipDropped()
    }

    /// Forgets everything and gives the buffers back.
    mutating func release(to pool: inout BufferPool) {
        sizeHint = BufferPool.Size.fitting(end) ?? .large
        shares.release(to: &pool)
        if let storage { pool.give(storage, storageSize) }
        if let ring { pool.give(ring, ringSize) }
        storage = nil
        ring = nil
        end = 0
        head = 0
        tail = 0
        packetCount = 0
        byteCount = 0
    }

    /// Counts everything as dropped and forgets it.
    mutating func dropAll(to pool: inout BufferPool, drops: inout Drops) {
        if packetCount > 0 {
            var sequence = head
            while sequence != tail {
                let packet = packets[slot(sequence)]
                if !packet.isDropped { add(packet, to: &drops) }
                sequence &+= 1
            }
        }
        release(to: &pool)
    }

    // MARK: - Dropping

    private mutating func dropOldest(of share: UInt16, keeping kept: UInt16, drops: inout Drops) {
        let sequence = shares.shares[Int(share)].oldest
        packets[slot(sequence)].isDropped = true
        add(packets[slot(sequence)], to: &drops)
        remove(packets[slot(sequence)], at: sequence, keeping: kept)
        skipDropped()
    }

    /// Takes a packet off the books. A share without packets goes, but for `kept`, which is about to get one.
    private mutating func remove(_ packet: Packet, at sequence: UInt32, keeping kept: UInt16 = FairShares.none) {
        packetCount -= 1
        byteCount -= Int(packet.length)
        let share = shares.shares + Int(packet.share)
        share.pointee.packets -= 1
        share.pointee.cost -= packet.length + UInt32(Self.packetCost)
        share.pointee.oldest = packet.nextOfShare
        if share.pointee.packets == 0, packet.share != kept { shares.remove(packet.share) }
    }

    private mutating func skipDropped() {
        while head != tail, packets[slot(head)].isDropped { head &+= 1 }
    }

    private func add(_ packet: Packet, to drops: inout Drops) {
        drops.add(packet.isDisco ? .disco : .other, bytes: Int(packet.length) - FrameLayout.prefixCount)
    }
}
