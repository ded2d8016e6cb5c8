package import Wire

/// What behaviour discovery found out about the way from one local port to the Internet, in one address family.
package struct BehaviorReport: Equatable, Sendable {
    /// One server's answer.
    package struct Answer: Equatable, Sendable {
        package let server: Endpoint
        /// The local port as that server sees it.
        package let mapped: Endpoint
        /// The round trip; nil when the request had to be repeated, since nobody knows which one was answered.
        package let latency: Duration?

        package init(server: Endpoint, mapped: Endpoint, latency: Duration?) {
            self.server = server
            self.mapped = mapped
            self.latency = latency
        }
    }

    /// The address and port of the socket, where the shell knows them.
    package var local: Endpoint?
    /// The servers asked for the mapped address, in the order of their answers.
    package var answers: [Answer] = []
    package var mapping: MappingBehavior?
    package var filtering: FilteringBehavior?
    /// Whether a packet to the own external address comes back in.
    package var hairpins: Bool?
    /// Datagrams sent for it.
    package var packetCount = 0

    package init(local: Endpoint? = nil) {
        self.local = local
    }

    /// The external address that the first server saw.
    package var mapped: Endpoint? { answers.first?.mapped }

    /// Whether no server answered; only a finished report tells.
    package var isSilent: Bool { answers.isEmpty }

    /// Whether the address is translated on the way; nil when the local one is not known.
    package var isTranslated: Bool? {
        guard let local, !local.address.isUnspecified, let mapped else { return nil }
        return local != mapped
    }

    /// Whether the NAT keeps the port number; nil when it is not known.
    package var preservesPort: Bool? {
        guard let local, !answers.isEmpty else { return nil }
        return answers.allSatisfy { $0.mapped.port == local.port }
    }
}
