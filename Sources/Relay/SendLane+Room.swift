internal import Glibc

/// Where a lane keeps its frames: how its buffers grow, and how the gaps close that dropped and written frames leave.
extension SendLane {
    /// The records by place. Only lanes that are not empty have them.
    var packets: UnsafeMutablePointer<Packet> {
        guard let ring else { preconditionFailure("an empty lane has no records") }
        return ring.assumingMemoryBound(to: Packet.self)
    }

    /// Records that fit the ring: a power of two, so that a sequence number wraps by a mask.
    private var ringCapacity: UInt32 {
        switch ringSize {
        case .small: 128
        case .medium: 1024
        case .large, .huge: 16_384
        }
    }

    func slot(_ sequence: UInt32) -> Int { Int(sequence & (ringCapacity - 1)) }

    mutating func makeRoom(for count: Int, pool: inout BufferPool) {
        if storage == nil {
            storageSize = max(sizeHint, BufferPool.Size.fitting(count) ?? .large)
            storage = pool.take(storageSize)
        }
        if ring == nil {
            ringSize = .small
            ring = pool.take(ringSize)
        }
        // Moving what waits is cheap only while it is less than half of the buffer.
        let isFull = end + count > storageSize.byteCount
        if isFull && (byteCount * 2 <= storageSize.byteCount || storageSize == .large) || tail &- head == ringCapacity {
            compact()
        }
        while end + count > storageSize.byteCount, let larger = storageSize.larger {
            growStorage(to: larger, pool: &pool)
        }
        // At least half of a ring that stays is free, so that moving records is rare.
        if tail &- head > ringCapacity / 2, ringSize < .large, let larger = ringSize.larger {
            growRing(to: larger, pool: &pool)
        }
    }

    private mutating func growStorage(to larger: BufferPool.Size, pool: inout BufferPool) {
        guard let old = storage else { return }
        let bigger = pool.take(larger)
        memcpy(bigger, old, end)
        pool.give(old, storageSize)
        storage = bigger
        storageSize = larger
    }

    /// Moves the records to a larger ring; their sequence numbers stay, so the places change.
    private mutating func growRing(to larger: BufferPool.Size, pool: inout BufferPool) {
        guard let old = ring else { return }
        let bigger = pool.take(larger)
        let oldSize = ringSize
        let oldMask = ringCapacity - 1
        ringSize = larger
        var sequence = head
        while sequence != tail {
            bigger.assumingMemoryBound(to: Packet.self)[slot(sequence)] = packets[Int(sequence & oldMask)]
            sequence &+= 1
        }
        pool.give(old, oldSize)
        ring = bigger
    }

    /// Closes the gaps that dropped and written frames left, in the bytes and in the ring.
    private mutating func compact() {
        guard let storage else { return }
        var position = 0
        var target = head
        var sequence = head
        for index in 0..<shares.used { shares.shares[index].packets = 0 }
        while sequence != tail {
            var packet = packets[slot(sequence)]
            sequence &+= 1
            guard !packet.isDropped else { continue }
            if Int(packet.offset) != position { memmove(storage + position, storage + Int(packet.offset), Int(packet.length)) }
            packet.offset = UInt32(truncatingIfNeeded: position)
            position += Int(packet.length)
            let share = shares.shares + Int(packet.share)
            if share.pointee.packets == 0 {
                share.pointee.oldest = target
            } else {
                packets[slot(share.pointee.newest)].nextOfShare = target
            }
            share.pointee.newest = target
            share.pointee.packets += 1
            packets[slot(target)] = packet
            target &+= 1
        }
        tail = target
        end = position
    }
}
