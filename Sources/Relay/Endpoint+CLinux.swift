internal import CLinux
internal import Wire

extension Endpoint {
    /// The endpoint that the kernel named; an IPv4-mapped address has become IPv4.
    init(_ endpoint: causeway_endpoint) {
        let address =
            endpoint.is_ipv4
            ? IPAddress(ipv4: UInt32(truncatingIfNeeded: endpoint.low)) : IPAddress(high: endpoint.high, low: endpoint.low)
        self.init(address, endpoint.port)
    }
}

extension causeway_endpoint {
    init(_ endpoint: Endpoint) {
        let address = endpoint.address.canonical
        self.init()
        if let ipv4 = address.ipv4 {
            low = UInt64(ipv4)
            is_ipv4 = true
        } else if let ipv6 = address.ipv6 {
            high = ipv6.high
            low = ipv6.low
        }
        port = endpoint.port
    }
}
