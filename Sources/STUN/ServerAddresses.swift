package import Wire

/// The two addresses and two ports of a server that helps with behaviour discovery (RFC 5780 §6).
///
/// Their four combinations are four sockets. All are of one address family.
package struct ServerAddresses: Equatable, Sendable {
    /// The address and port that clients know.
    package let primary: Endpoint
    /// The other address and the other port.
    package let alternate: Endpoint
    private let publicPrimary: IPAddress
    private let publicAlternate: IPAddress

    /// Describes a server; nil when the two do not differ in address and port, mix families, or name no one host.
    ///
    /// `publicPrimary` and `publicAlternate` are what replies name where a one-to-one NAT stands before the server.
    package init?(
        primary: Endpoint, alternate: Endpoint, publicPrimary: IPAddress? = nil, publicAlternate: IPAddress? = nil
    ) {
        let primary = Endpoint(primary.address.canonical, primary.port)
        let alternate = Endpoint(alternate.address.canonical, alternate.port)
        guard primary.address != alternate.address, primary.port != alternate.port,
            primary.address.family == alternate.address.family,
            primary.address.isUnicast, alternate.address.isUnicast
        else { return nil }
        self.primary = primary
        self.alternate = alternate
        self.publicPrimary = publicPrimary?.canonical ?? primary.address
        self.publicAlternate = publicAlternate?.canonical ?? alternate.address
    }

    /// The four sockets to bind, the primary one first.
    package var sockets: [Endpoint] {
        [
            primary, Endpoint(primary.address, alternate.port), Endpoint(alternate.address, primary.port), alternate,
        ]
    }

    /// Whether `local` is one of the four sockets.
    package func contains(_ local: Endpoint) -> Bool {
        (local.address == primary.address || local.address == alternate.address)
            && (local.port == primary.port || local.port == alternate.port)
    }

    /// The socket that answers a request which came in on the socket `local`.
    package func socket(_ origin: ReplyOrigin, from local: Endpoint) -> Endpoint {
        let isPrimaryAddress = (local.address == primary.address) != origin.changesAddress
        let isPrimaryPort = (local.port == primary.port) != origin.changesPort
        return Endpoint(
            isPrimaryAddress ? primary.address : alternate.address, isPrimaryPort ? primary.port : alternate.port)
    }

    /// The same socket as clients see it.
    func publicEndpoint(_ origin: ReplyOrigin, from local: Endpoint) -> Endpoint {
        let socket = socket(origin, from: local)
        return Endpoint(socket.address == primary.address ? publicPrimary : publicAlternate, socket.port)
    }
}
