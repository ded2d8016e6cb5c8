package import Wire

/// Answers a ping on the path it came by, and tells its sender from where it was seen.
///
/// ```
/// +-------------------+------------------------------+--------+
/// | transaction id 12 | address 16 (IPv4 is mapped)  | port 2 |
/// +-------------------+------------------------------+--------+
/// ```
package struct Pong: Equatable, Sendable {
    static let type: UInt8 = 2

    package var transactionID: TransactionID
    /// Where the ping came from, as the answering side saw it: as good as a STUN answer.
    package var source: Endpoint

    package init(transactionID: TransactionID, source: Endpoint) {
        self.transactionID = transactionID
        self.source = source
    }

    init(from reader: inout ByteReader) throws(EndOfBytes) {
        transactionID = try TransactionID(from: &reader)
        source = try Endpoint(from: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Self.type)
        writer.write(UInt8(0))
        transactionID.write(to: &writer)
        source.write(to: &writer)
    }
}
