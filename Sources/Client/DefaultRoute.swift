internal import FoundationEssentials
internal import Wire

/// A default route.
struct DefaultRoute: Hashable, Sendable {
    let family: IPAddress.Family
    /// The interface that it leaves by.
    let interface: String
    /// In the kernel's hexadecimal.
    let gateway: String
    /// The kernel takes the route of the lowest one.
    let metric: Int

    /// The default routes of the process's network namespace; none without procfs.
    static func all() -> Set<DefaultRoute> {
        // A table that cannot be read is one without a default route.
        let ipv4 = (try? String(contentsOfFile: "/proc/self/net/route", encoding: .utf8)) ?? ""
        let ipv6 = (try? String(contentsOfFile: "/proc/self/net/ipv6_route", encoding: .utf8)) ?? ""
        return all(ipv4: ipv4, ipv6: ipv6)
    }

    /// Reads the kernel's tables.
    ///
    /// IPv4 lines are `name destination gateway flags references use metric mask …` below a heading. IPv6 lines are `destination
    /// length source length gateway metric … name`, all hexadecimal; the entry that stands for "no route" is a default route of `lo`.
    static func all(ipv4: String, ipv6: String) -> Set<DefaultRoute> {
        var routes: Set<DefaultRoute> = []
        for line in ipv4.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000" else { continue }
            routes.insert(
                DefaultRoute(
                    family: .ipv4, interface: String(fields[0]), gateway: String(fields[2]), metric: Int(fields[6]) ?? 0))
        }
        for line in ipv6.split(separator: "\n") {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count == 10, fields[1] == "00", fields[0].allSatisfy({ $0 == "0" }), fields[9] != "lo" else { continue }
            routes.insert(
                DefaultRoute(
                    family: .ipv6, interface: String(fields[9]), gateway: String(fields[4]),
                    metric: Int(fields[5], radix: 16) ?? 0))
        }
        return routes
    }
}

extension DefaultRoute {
    /// The next hop; nil for a route that leads straight onto a link.
    var gatewayAddress: IPAddress? {
        let address: IPAddress?
        switch family {
        // The kernel prints the four bytes as a number of this machine's order.
        case .ipv4: address = UInt32(gateway, radix: 16).map { IPAddress(ipv4: UInt32(bigEndian: $0)) }
        case .ipv6:
            guard gateway.utf8.count == 32, let high = UInt64(gateway.prefix(16), radix: 16),
                let low = UInt64(gateway.suffix(16), radix: 16)
            else { return nil }
            address = IPAddress(high: high, low: low)
        }
        return address.flatMap { $0.isUnspecified ? nil : $0 }
    }
}

extension Set<DefaultRoute> {
    /// The route that packets of a family to the Internet take; nil without a default route.
    func preferred(of family: IPAddress.Family) -> DefaultRoute? {
        filter { $0.family == family }.min { ($0.metric, $0.interface) < ($1.metric, $1.interface) }
    }

    /// The interface of that route.
    func interface(of family: IPAddress.Family) -> String? {
        preferred(of: family)?.interface
    }
}
