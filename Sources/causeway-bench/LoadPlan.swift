/// What a relay is loaded with.
struct LoadPlan {
    enum Pattern: String, CaseIterable {
        /// P senders, each with a receiver of its own.
        case pairs
        /// One sender, P receivers.
        case oneToMany = "one-to-many"
        /// P senders, one receiver.
        case manyToOne = "many-to-one"
        /// Pairs, of which the last receiver stops reading.
        case stalled
    }

    var pattern = Pattern.pairs
    var count = 10
    /// Bytes of data in a packet.
    var size = 1400
    var window = 64
    /// Packets per second of all flows together; nil lets the window decide.
    var rate: Double?
    /// Adds one pair that sends 100 packets per second, whose latency is measured apart.
    var hasPolitePair = false
    var warmUp = Duration.seconds(1)
    var duration = Duration.seconds(5)
}
