package import Wire

/// Asks whether a path works; whoever can open it answers with a pong on the same path.
///
/// ```
/// +-------------------+--------------+-----------------+
/// | transaction id 12 | node key 32  | zero padding …  |
/// +-------------------+--------------+-----------------+
/// ```
package struct Ping: Equatable, Sendable {
    static let type: UInt8 = 1

    /// The largest padding that is ever written: what a UDP datagram holds with all headers around it.
    package static let maximumPaddingCount = 65_535 - 40 - 8 - 124

    package var transactionID: TransactionID
    /// The sender's node key; very old peers leave it out.
    package var nodeKey: NodeKey?
    /// Zero bytes at the end, which probe the path's MTU.
    package var paddingCount: Int

    package init(transactionID: TransactionID, nodeKey: NodeKey?, paddingCount: Int = 0) {
        self.transactionID = transactionID
        self.nodeKey = nodeKey
        self.paddingCount = paddingCount
    }

    init(from reader: inout ByteReader) throws(EndOfBytes) {
        transactionID = try TransactionID(from: &reader)
        // A node key that is cut or all zero counts as padding.
        nodeKey = reader.remaining < NodeKey.byteCount ? nil : try NodeKey(from: &reader)
        if nodeKey?.isZero == true { nodeKey = nil }
        paddingCount = reader.remaining
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Self.type)
        writer.write(UInt8(0))
        transactionID.write(to: &writer)
        nodeKey?.write(to: &writer)
        writer.writeZeros(min(paddingCount, Self.maximumPaddingCount))
    }
}
