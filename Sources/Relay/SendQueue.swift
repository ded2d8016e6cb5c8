internal import DERP

/// Everything that waits to be written to one connection.
///
/// Three lanes: the relay's own frames, path probes, and data. Each is bounded. A writer takes them in turn, the relay's own frames first,
/// then a little of the probes, then a record's worth of data, so that none starves another.
struct SendQueue: ~Copyable {
    /// Probes: small and few. A flood of them cannot push out more than other probes.
    private static let discoBounds = SendLane.Bounds(packets: 64, bytes: 64 << 10)
    /// Data: sources are asked to pause at 128 KiB, which are 10 ms at 100 Mbit/s; a longer queue would only add delay. The rest is room
    /// for what has been read by then: three reads of 64 KiB, and the number of the smallest packets in them.
    private static let dataBounds = SendLane.Bounds(packets: 6144, bytes: 384 << 10)
    /// A packet that looks like a probe but is larger goes with the data.
    private static let largestProbe = 2048

    /// The relay's own frames.
    var control = PooledBytes()
    var disco = SendLane(discoBounds)
    var data = SendLane(dataBounds)

    init() {}

    var isEmpty: Bool { control.isEmpty && disco.isEmpty && data.isEmpty }
    var packetCount: Int { disco.packetCount + data.packetCount }
    var byteCount: Int { control.count + disco.byteCount + data.byteCount }

    /// Queues a `receivedPacket` frame of `source`; false when it was not taken. What had to go for it is added to `drops`.
    mutating func append(
        _ frame: UnsafeRawBufferPointer, from source: UInt64, kind: PacketKind, at microseconds: UInt32,
        pool: inout BufferPool, drops: inout SendLane.Drops
    ) -> Bool {
        if kind == .disco, frame.count <= Self.largestProbe {
            return disco.append(frame, from: source, kind: kind, at: microseconds, pool: &pool, drops: &drops)
        }
        return data.append(frame, from: source, kind: kind, at: microseconds, pool: &pool, drops: &drops)
    }

    /// Forgets everything; what packets there were is added to `drops`.
    mutating func dropAll(to pool: inout BufferPool, drops: inout SendLane.Drops) {
        control.release(to: &pool)
        disco.dropAll(to: &pool, drops: &drops)
        data.dropAll(to: &pool, drops: &drops)
    }
}
