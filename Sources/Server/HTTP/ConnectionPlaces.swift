internal import Wire

/// How many connections may be open, in all and of one source, and how many are.
struct ConnectionPlaces: Sendable {
    struct Limits: Equatable, Sendable {
        var total: Int
        /// Of one site: it alone cannot use up the others' places.
        var perSource: Int
    }

    var limits: Limits
    /// Where many clients may come from at once: this machine, and proxies that speak for others.
    private let shared: [AddressPrefix]
    private var countBySource: [IPAddress: Int] = [:]
    private(set) var count = 0

    init(limits: Limits, shared: [AddressPrefix]) {
        self.limits = limits
        self.shared = shared
    }

    /// Takes a place, which `leave` gives back; false when there is none left. A Unix socket has no address.
    mutating func enter(_ address: IPAddress?) -> Bool {
        guard count < limits.total else { return false }
        if let source = boundedSource(address) {
            let taken = countBySource[source, default: 0]
            guard taken < limits.perSource else { return false }
            countBySource[source] = taken + 1
        }
        count += 1
        return true
    }

    mutating func leave(_ address: IPAddress?) {
        count -= 1
        guard let source = boundedSource(address), let taken = countBySource[source] else { return }
        countBySource[source] = taken > 1 ? taken - 1 : nil
    }

    private func boundedSource(_ address: IPAddress?) -> IPAddress? {
        guard let address, !address.isLoopback, !shared.contains(where: { $0.contains(address) }) else { return nil }
        return address.site
    }
}
