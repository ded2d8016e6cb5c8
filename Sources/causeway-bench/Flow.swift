internal import CryptoBox
internal import DERP
internal import Wire

/// A stream of numbered packets from one link to another.
struct Flow {
    /// How a flow decides when to send.
    enum Pace {
        /// So many packets are on their way at most.
        case window(Int)
        /// A packet every so often, whatever comes of it.
        case interval(Duration)
    }

    /// A stamp of flow, sequence number and time: the least data a packet can hold.
    static let stampCount = 24

    let sender: Int
    let receiver: Int
    let pace: Pace
    /// Whether its latency is told apart: a modest flow beside those that flood.
    let isPolite: Bool
    /// The frame to send, but for its stamp.
    let template: [UInt8]

    var nextSequence: UInt64 = 0
    var expectedSequence: UInt64 = 0
    var inFlight = 0
    var nextDue = Instant.zero
    var progressedAt = Instant.zero
    // Counted since the measurement began.
    var delivered = 0
    var lost = 0
    /// Packets of a paced flow that the relay's connection had no room for: the flow was pushed back.
    var held = 0

    init(from sender: Link, to receiver: Link, dataCount: Int, pace: Pace, isPolite: Bool = false) {
        self.sender = sender.index
        self.receiver = receiver.index
        self.pace = pace
        self.isPolite = isPolite
        var writer = ByteWriter()
        let data = [UInt8](repeating: 0x5a, count: max(Self.stampCount, dataCount))
        ClientFrame.writeSendPacket(to: receiver.key.publicKey, data.bytes, to: &writer)
        template = writer.bytes
    }
}
