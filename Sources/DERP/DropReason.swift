/// Why a relay did not deliver a packet. Names and labels are derper's where the thing is the same.
package enum DropReason: Int, CaseIterable, Sendable {
    /// Nobody with the destination's key is connected.
    case unknownDestination
    /// The same for a packet that another relay forwarded.
    case unknownDestinationOnForward
    /// The destination disconnected, or was cut off, while the packet was in its queue.
    case goneDisconnected
    /// The oldest packet of a full queue made room for another.
    case queueHead
    /// A packet came to a full queue and was not taken.
    case queueTail
    /// The destination's connection failed, or took nothing, while the packet was in its queue.
    case writeError
    /// Source and destination belong to different networks.
    case otherNetwork
    /// The mailbox between two shards was full.
    case mailboxFull

    /// The label of statistics.
    package var label: String {
        switch self {
        case .unknownDestination: "unknown_dest"
        case .unknownDestinationOnForward: "unknown_dest_on_fwd"
        case .goneDisconnected: "gone_disconnected"
        case .queueHead: "queue_head"
        case .queueTail: "queue_tail"
        case .writeError: "write_error"
        case .otherNetwork: "other_network"
        case .mailboxFull: "mailbox_full"
        }
    }
}
