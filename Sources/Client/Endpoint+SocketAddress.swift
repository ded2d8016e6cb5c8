internal import NIOCore
internal import Wire

/// Between the cores' endpoints and NIO's socket addresses.
extension Endpoint {
    /// The endpoint of an IPv4 or IPv6 socket address (an IPv4-mapped one as IPv4); nil for other kinds.
    init?(socketAddress: SocketAddress) {
        guard let text = socketAddress.ipAddress, let address = IPAddress(text), let port = socketAddress.port else { return nil }
        self.init(address.canonical, UInt16(truncatingIfNeeded: port))
    }

    /// The socket address to bind or to send to.
    func socketAddress() throws -> SocketAddress {
        try SocketAddress(packedIPAddress: ByteBuffer(bytes: address.bytes), port: Int(port))
    }
}
