internal import Synchronization
internal import Wire

/// The bytes that one shard has moved since its start, for the others to compare with their own.
final class LoadGauge: Sendable {
    private let bytes = Atomic<Int>(0)

    /// Set by the shard's own thread.
    func set(_ total: Int) { bytes.store(total, ordering: .relaxed) }

    var total: Int { bytes.load(ordering: .relaxed) }
}

/// One shard's picture of how busy all of them are, in bytes per second.
struct LoadPicture {
    /// How old a picture may get: long enough to be an average.
    private static let interval = Duration.milliseconds(100)

    private let gauges: [LoadGauge]
    private var totals: [Int]
    private var loads: [Double]
    private var takenAt: Instant

    init(_ gauges: [LoadGauge], at now: Instant) {
        self.gauges = gauges
        totals = gauges.map(\.total)
        loads = gauges.map { _ in 0 }
        takenAt = now
    }

    /// Where `load` that two shards share should be: at the less busy of them. The picture then shows the move as done.
    mutating func home(of load: Double, between first: Int, and second: Int, at now: Instant) -> Int {
        let age = now - takenAt
        if age >= Self.interval {
            for (shard, gauge) in gauges.enumerated() {
                let total = gauge.total
                loads[shard] = Double(total &- totals[shard]) / age.inSeconds
                totals[shard] = total
            }
            takenAt = now
        }
        let home = loads[first] <= loads[second] ? first : second
        loads[home] += load
        loads[home == first ? second : first] -= load
        return home
    }
}
