package import Wire

/// A block of addresses, as `192.0.2.0/24`; a bare address is a block of one.
package struct AddressPrefix: Sendable, Hashable {
    private let address: IPAddress
    private let length: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first)?.canonical else { return nil }
        let width = address.isIPv4 ? 32 : 128
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...width).contains(length) else { return nil }
            self.length = length
        } else {
            length = width
        }
        self.address = address.prefix(length)
    }

    /// Tells whether `candidate` lies in the block; an IPv4-mapped address counts as its IPv4 one.
    package func contains(_ candidate: IPAddress) -> Bool {
        let candidate = candidate.canonical
        return candidate.family == address.family && candidate.prefix(length) == address
    }
}

extension AddressPrefix: CustomStringConvertible {
    package var description: String { "\(address)/\(length)" }
}
