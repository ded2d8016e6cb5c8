internal import FoundationEssentials

/// The interfaces that the default routes leave by.
enum DefaultRoute {
    /// Reads the process's own network namespace; without procfs there are no names.
    static func interfaceNames() -> Set<String> {
        // A table that cannot be read is one without a default route.
        let ipv4 = (try? String(contentsOfFile: "/proc/self/net/route", encoding: .utf8)) ?? ""
        let ipv6 = (try? String(contentsOfFile: "/proc/self/net/ipv6_route", encoding: .utf8)) ?? ""
        return interfaceNames(ipv4: ipv4, ipv6: ipv6)
    }

    /// Reads the kernel's tables.
    ///
    /// IPv4 lines are `name destination gateway flags … mask …` below a heading. IPv6 lines are `destination length … name`; the
    /// entry that stands for "no route" is a default route of `lo`.
    static func interfaceNames(ipv4: String, ipv6: String) -> Set<String> {
        var names: Set<String> = []
        for line in ipv4.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            if fields.count > 7, fields[1] == "00000000", fields[7] == "00000000" { names.insert(String(fields[0])) }
        }
        for line in ipv6.split(separator: "\n") {
            let fields = line.split(whereSeparator: \.isWhitespace)
            if fields.count == 10, fields[1] == "00", fields[0].allSatisfy({ $0 == "0" }), fields[9] != "lo" {
                names.insert(String(fields[9]))
            }
        }
        return names
    }
}
