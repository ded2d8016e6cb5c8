/// Why a relay did not deliver a packet. Names and labels are derper's where the thing is the same.
package enum DropReason: Int, CaseIterable, Sendable {
    /// Nobody with the destination's key is connected.
    case unknownDestination
    /// The same for a packet that another relay forwarded.
    case unknownDestinationOnForward
    /// The destination disconnected while the packet was in its queue.
    case goneDisconnected
    /// The oldest packet of a full queue made room for another.
    case queueHead
    /// A packet came to a full queue and was not taken.
    case queueTail
    /// The destination's connection failed while the packet was being written.
    case writeError
    /// The destination's key is in use by connections that fight each other.
    case duplicateClient
    /// Source and destination belong to different networks.
    case otherNetwork
    /// The source has used up its rate or its quota.
    case rateLimited
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
        case .duplicateClient: "dup_client"
        case .otherNetwork: "other_network"
        case .rateLimited: "rate_limited"
        case .mailboxFull: "mailbox_full"
        }
    }
}
