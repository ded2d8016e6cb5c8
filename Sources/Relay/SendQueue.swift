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

    private struct Lanes: ~Copyable {
        var disco = SendLane(SendQueue.discoBounds)
        var data: SendLane

        init(sizeHint: BufferPool.Size) {
            data = SendLane(SendQueue.dataBounds, sizeHint: sizeHint)
        }
    }

    /// The relay's own frames.
    var control = PooledBytes()
    /// Only while packets wait, in a small buffer of the pool: an idle connection does without.
    private var lanes: UnsafeMutablePointer<Lanes>?
    private var sizeHint = BufferPool.Size.small

    init() {}

    var isEmpty: Bool { control.isEmpty && lanes == nil }
    var packetCount: Int { lanes.map { $0.pointee.disco.packetCount + $0.pointee.data.packetCount } ?? 0 }
    var byteCount: Int { lanes.map { control.count + $0.pointee.disco.byteCount + $0.pointee.data.byteCount } ?? control.count }
    /// Bytes of data packets that wait.
    var dataByteCount: Int { lanes.map { $0.pointee.data.byteCount } ?? 0 }

    /// Queues a `receivedPacket` frame of `source`; false when it was not taken. What had to go for it is added to `drops`.
    mutating func append(
        _ frame: UnsafeRawBufferPointer, from source: UInt64, kind: PacketKind, at microseconds: UInt32,
        pool: inout BufferPool, drops: inout SendLane.Drops
    ) -> Bool {
        let lanes = self.lanes ?? makeLanes(from: &pool)
        let isTaken =
            kind.isDisco && frame.count <= Self.largestProbe
            ? lanes.pointee.disco.append(frame, from: source, kind: kind, at: microseconds, pool: &pool, drops: &drops)
            : lanes.pointee.data.append(frame, from: source, kind: kind, at: microseconds, pool: &pool, drops: &drops)
        if !isTaken { releaseIfEmpty(to: &pool) }
        return isTaken
    }

    /// The next probes or the next data, `limit` bytes at most but one frame at least; nil when nothing waits.
    func run(_ kind: PacketKind, limit: Int) -> SendLane.Run? {
        guard let lanes else { return nil }
        return kind.isDisco ? lanes.pointee.disco.run(limit: limit) : lanes.pointee.data.run(limit: limit)
    }

    /// Forgets the run that `run` answered last for that kind.
    mutating func consume(_ kind: PacketKind, _ run: SendLane.Run, pool: inout BufferPool) {
        guard let lanes else { return }
        if kind.isDisco {
            lanes.pointee.disco.consume(run, pool: &pool)
        } else {
            lanes.pointee.data.consume(run, pool: &pool)
        }
        releaseIfEmpty(to: &pool)
    }

    /// Forgets everything; what packets there were is added to `drops`.
    mutating func dropAll(to pool: inout BufferPool, drops: inout SendLane.Drops) {
        control.release(to: &pool)
        guard let lanes else { return }
        lanes.pointee.disco.dropAll(to: &pool, drops: &drops)
        lanes.pointee.data.dropAll(to: &pool, drops: &drops)
        releaseIfEmpty(to: &pool)
    }

    // MARK: - Back-pressure

    /// Whether it is time to tell a source of data to pause.
    func shouldPause(_ source: UInt64) -> Bool { lanes.map { $0.pointee.data.shouldPause(source) } ?? false }

    /// Whether so little data is left that paused sources may go on.
    var isRelaxed: Bool { lanes.map { $0.pointee.data.isRelaxed } ?? true }

    /// Forgets who was told to pause: they may go on.
    func sourcesResumed() { lanes?.pointee.data.sourcesResumed() }

    // MARK: - Lanes

    private mutating func makeLanes(from pool: inout BufferPool) -> UnsafeMutablePointer<Lanes> {
        let made = pool.take(.small).bindMemory(to: Lanes.self, capacity: 1)
        made.initialize(to: Lanes(sizeHint: sizeHint))
        lanes = made
        return made
    }

    private mutating func releaseIfEmpty(to pool: inout BufferPool) {
        guard let lanes, lanes.pointee.disco.isEmpty, lanes.pointee.data.isEmpty else { return }
        sizeHint = lanes.pointee.data.sizeHint
        lanes.pointee.disco.release(to: &pool)
        lanes.pointee.data.release(to: &pool)
        lanes.deinitialize(count: 1)
        pool.give(lanes, .small)
        self.lanes = nil
    }
}
