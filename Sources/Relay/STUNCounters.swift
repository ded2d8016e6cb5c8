/// What the STUN responder has counted since its start.
package struct STUNCounters: Sendable {
    /// Requests answered, by the family of the client's address.
    package var answeredIPv4: UInt64 = 0
    package var answeredIPv6: UInt64 = 0
    /// Datagrams that are no STUN request.
    package var notSTUN: UInt64 = 0
    /// STUN that wants no answer or deserves none.
    package var ignored: UInt64 = 0
    /// Requests from a network that has used up its budget.
    package var limited: UInt64 = 0
    /// Replies that the kernel did not take, and failed reads.
    package var writeErrors: UInt64 = 0
    package var readErrors: UInt64 = 0
    /// Bytes received in requests that were answered, and bytes of the answers: their ratio is the amplification.
    package var requestBytes: UInt64 = 0
    package var replyBytes: UInt64 = 0

    package init() {}

    mutating func add(_ other: STUNCounters) {
        answeredIPv4 &+= other.answeredIPv4
        answeredIPv6 &+= other.answeredIPv6
        notSTUN &+= other.notSTUN
        ignored &+= other.ignored
        limited &+= other.limited
        writeErrors &+= other.writeErrors
        readErrors &+= other.readErrors
        requestBytes &+= other.requestBytes
        replyBytes &+= other.replyBytes
    }
}
