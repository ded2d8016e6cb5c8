/// Which connection most of the recent bytes concern, if there is one: the majority vote of Boyer and Moore, weighted and with a short memory.
struct MajorityVote {
    /// How far the candidate has to be ahead of all others together to count: half a read.
    private static let decisiveLead = 32 << 10
    /// The memory: a few reads for others end a majority.
    private static let maximumLead = 128 << 10

    private var candidate = ConnectionID.none
    private var lead: Int32 = 0
    /// All bytes counted, up to a few reads.
    private var total: Int32 = 0

    /// Counts a packet of `byteCount` bytes for a connection.
    mutating func count(_ byteCount: Int, for connection: ConnectionID) {
        let weight = Int32(truncatingIfNeeded: byteCount + SendLane.packetCost)
        total = min(total + weight, Int32(Self.maximumLead))
        if connection == candidate {
            lead = min(lead + weight, Int32(Self.maximumLead))
        } else if lead >= weight {
            lead -= weight
        } else {
            candidate = connection
            lead = weight - lead
        }
    }

    /// The connection that nearly everything concerns.
    var winner: ConnectionID? { lead >= Self.decisiveLead ? candidate : nil }

    /// Whether hardly anything is known, or nearly everything concerns this connection.
    func mayFollow(_ connection: ConnectionID) -> Bool { total < Self.decisiveLead || winner == connection }
}
