internal import NIOCore
internal import Wire

/// Finds the addresses under which clients may reach this machine.
enum PublicHosts {
    /// The operator's choice, else the addresses that are listened on, else those of the interfaces; the best first.
    static func choose(configured: [String], listening: [Endpoint]) -> [String] {
        guard configured.isEmpty else { return configured }
        let named = listening.map(\.address).filter { !$0.isUnspecified }
        let addresses = named.isEmpty || listening.contains { $0.address.isUnspecified } ? named + ofInterfaces() : named
        var seen: Set<IPAddress> = []
        return addresses.filter { seen.insert($0).inserted }.sorted { rank($0) < rank($1) }.map(\.description)
    }

    private static func ofInterfaces() -> [IPAddress] {
        // Without interfaces to list there is loopback, which `choose` needs least.
        let devices = (try? System.enumerateDevices()) ?? []
        let addresses = devices.compactMap { ClientAddress.of($0.address) }
        let usable = addresses.filter { !$0.isLoopback && !$0.isLinkLocal && $0.isUnicast }
        return usable.isEmpty ? [IPAddress(127, 0, 0, 1)] : usable
    }

    /// Public before private, IPv4 before IPv6: more networks reach it.
    private static func rank(_ address: IPAddress) -> Int {
        let isInner = address.isPrivate || address.isSharedAddressSpace || address.isLoopback
        return (isInner ? 2 : 0) + (address.isIPv4 ? 0 : 1)
    }
}
