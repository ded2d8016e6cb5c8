internal import CLinux
internal import NIOCore
internal import NIOPosix
internal import Traversal
internal import Wire

/// Asks the name server for the prefix of the network's NAT64 (RFC 7050).
enum NAT64Discovery {
    private static let name = "ipv4only.arpa"
    /// A DNS64 answers with one address per well-known one, rarely with more prefixes.
    private static let capacity = 8

    /// The prefix; nil where no name server translates, or none answers.
    static func run(on eventLoop: any EventLoop) -> EventLoopFuture<NAT64Prefix?> {
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            var high = [UInt64](repeating: 0, count: capacity)
            var low = [UInt64](repeating: 0, count: capacity)
            let count = Int(causeway_resolve_ipv6(name, &high, &low, Int32(capacity)))
            return NAT64Prefix.find(in: (0..<count).map { IPAddress(high: high[$0], low: low[$0]) })
        }
    }

    /// Whether a machine with these routes has only IPv6, so that a NAT64 would be its way to the IPv4 Internet.
    static func isWanted(routes: Set<DefaultRoute>) -> Bool {
        routes.preferred(of: .ipv4) == nil && routes.preferred(of: .ipv6) != nil
    }

    /// Whether the system translates IPv4 by itself (464XLAT): its side of the translation has an address of 192.0.0.0/29
    /// (RFC 7335).
    static func hasCLAT(_ interfaces: [NetworkInterface]) -> Bool {
        interfaces.contains { interface in
            interface.addresses.contains { $0.isIPv4 && $0.prefix(29) == IPAddress(192, 0, 0, 0) }
        }
    }
}
