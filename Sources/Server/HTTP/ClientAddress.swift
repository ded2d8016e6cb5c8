internal import Foundation
internal import HTTPTypes
internal import NIOCore
internal import Wire

/// Whose request it is: the connection's peer, unless that peer is a proxy we trust to tell.
enum ClientAddress {
    /// The address of a socket, canonical; nil for a Unix socket.
    static func of(_ address: SocketAddress?) -> IPAddress? {
        guard let text = address?.ipAddress else { return nil }
        // A link-local peer comes with its scope: `fe80::1%eth0`.
        return IPAddress(text.split(separator: "%").first ?? "")?.canonical
    }

    /// The address of a socket as it is bound, `::` staying `::`.
    static func literal(of address: SocketAddress) -> IPAddress? {
        address.ipAddress.flatMap { IPAddress($0.split(separator: "%").first ?? "") }
    }

    /// The client behind trusted proxies: the last address of `X-Forwarded-For` that is not a trusted proxy itself.
    ///
    /// From right to left, because everything left of the last trusted hop is what the client chose to write.
    static func behindProxies(peer: IPAddress, headers: HTTPFields, trusted: [AddressPrefix]) -> IPAddress {
        guard let name = HTTPField.Name("X-Forwarded-For") else { return peer }
        return behindProxies(peer: peer, forwardedFor: headers[values: name].joined(separator: ","), trusted: trusted)
    }

    /// The same from the header's value; several fields of the name are one list, joined by commas (RFC 9110 §5.3).
    static func behindProxies(peer: IPAddress, forwardedFor: String, trusted: [AddressPrefix]) -> IPAddress {
        func isTrusted(_ address: IPAddress) -> Bool { trusted.contains { $0.contains(address) } }
        var client = peer
        var hops = forwardedFor.split(separator: ",")
        while isTrusted(client), let hop = hops.popLast() {
            guard let address = IPAddress(hop.trimmingCharacters(in: .whitespaces))?.canonical else { return client }
            client = address
        }
        return client
    }
}
