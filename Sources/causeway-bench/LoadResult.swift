/// What a load measured.
struct LoadResult {
    var seconds = 0.0
    var delivered = 0
    var lost = 0
    var held = 0
    /// Delivered per flow, the polite and the stalled one left out.
    var perFlow: [Int] = []
    var latency = Histogram()
    var politeLatency = Histogram()
    var politeDelivered = 0
    var politeLost = 0
    var generatorCPU = 0.0
    var server: ProcessUsage?
    /// The server's system calls, where they were counted.
    var serverCalls: UInt64?

    /// Jain's index over the flows: 1 when all got the same, 1/n when one got all.
    var fairness: Double {
        let values = perFlow.map(Double.init)
        let sum = values.reduce(0, +)
        let squares = values.reduce(0) { $0 + $1 * $1 }
        return squares > 0 ? sum * sum / (Double(values.count) * squares) : 0
    }
}
