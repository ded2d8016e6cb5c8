extension TLSSession {
    /// What a call to `read` found.
    package struct Reading: Equatable {
        package enum Outcome: Equatable {
            /// All input is consumed: feed more when it comes.
            case wantsInput
            /// There may be more: call `read` again.
            case hasMore
            /// The peer ended its side in order.
            case peerClosed
        }

        /// Bytes of plaintext in the buffer.
        package var count: Int
        package var outcome: Outcome
    }
}
