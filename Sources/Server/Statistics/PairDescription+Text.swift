internal import Coordination

extension PairDescription {
    /// The round trip that one side measured; empty when neither did.
    var latencyText: String {
        guard let latency = first.path?.latencyMilliseconds ?? second.path?.latencyMilliseconds else { return "" }
        return "\((latency * 10).rounded() / 10) ms"
    }
}
