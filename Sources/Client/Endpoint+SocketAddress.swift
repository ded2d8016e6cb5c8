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

/// Remembers the endpoints of socket addresses: the translation goes through text.
struct EndpointCache {
    /// Addresses remembered. When there are more, all are forgotten and learnt again: a scan of addresses costs no memory.
    private static let capacity = 512

    private var endpoints: [SocketAddress: Endpoint] = [:]

    mutating func endpoint(of address: SocketAddress) -> Endpoint? {
        if let endpoint = endpoints[address] { return endpoint }
        guard let endpoint = Endpoint(socketAddress: address) else { return nil }
        if endpoints.count >= Self.capacity { endpoints.removeAll(keepingCapacity: true) }
        endpoints[address] = endpoint
        return endpoint
    }
}
