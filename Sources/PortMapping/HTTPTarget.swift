package import Wire

/// A place on the gateway's own HTTP server.
///
/// Locations and control URLs come from the network. Only their port and path count: the host is always the gateway, so that
/// nobody can point us at another machine.
package struct HTTPTarget: Hashable, Sendable {
    package let server: Endpoint
    /// Begins with a slash; printable ASCII only, the query included, without the fragment.
    package let path: String

    /// Longer paths are refused; real ones have less than 100 characters.
    package static let maximumPathLength = 512

    package init?(server: Endpoint, path: String) {
        guard server.port != 0, path.hasPrefix("/"), path.utf8.count <= Self.maximumPathLength,
            path.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        self.server = server
        self.path = String(path.prefix { $0 != "#" })
    }

    /// Parses an absolute URL of the form `http://host[:port][/path]` and puts the gateway in the host's place.
    package init?(url: some StringProtocol, gateway: IPAddress) {
        guard let parts = URLParts(url) else { return nil }
        self.init(server: Endpoint(gateway, parts.port), path: parts.path)
    }

    /// Resolves a reference, absolute or not, as it stands in a document at `base` (RFC 3986 §5.2, without dot segments).
    package init?(reference: some StringProtocol, base: HTTPTarget) {
        if URLParts.hasScheme(reference) {
            self.init(url: reference, gateway: base.server.address)
        } else if reference.hasPrefix("//") {
            self.init(url: "http:" + reference, gateway: base.server.address)
        } else if reference.hasPrefix("/") {
            self.init(server: base.server, path: String(reference))
        } else {
            let path = base.path.prefix { $0 != "?" }
            let end = path.lastIndex(of: "/") ?? path.startIndex
            self.init(server: base.server, path: path[..<end] + "/" + reference)
        }
    }

    /// Whether an absolute URL names another host than the gateway, which a well-meaning device does not.
    package static func isForeign(url: some StringProtocol, gateway: IPAddress) -> Bool {
        guard let parts = URLParts(url) else { return false }
        return IPAddress(parts.host)?.canonical != gateway.canonical
    }
}

/// The parts of an absolute `http` URL.
private struct URLParts {
    let host: String
    let port: UInt16
    let path: String

    private static let scheme = "http://"

    init?(_ url: some StringProtocol) {
        guard url.prefix(Self.scheme.count).lowercased() == Self.scheme else { return nil }
        let rest = url.dropFirst(Self.scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        // A name and password in front of the host are nothing that a gateway has.
        var authority = String(rest[..<end])
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        var port: UInt16 = 80
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            let digits = authority[authority.index(after: colon)...]
            if !digits.isEmpty {
                guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits) else { return nil }
                port = number
            }
            authority = String(authority[..<colon])
        }
        if authority.hasPrefix("["), authority.hasSuffix("]") { authority = String(authority.dropFirst().dropLast()) }
        host = authority
        self.port = port
        path = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
    }

    /// Whether the text begins like `scheme:`, which no relative reference does.
    static func hasScheme(_ text: some StringProtocol) -> Bool {
        guard let colon = text.firstIndex(where: { ":/?#".contains($0) }), text[colon] == ":" else { return false }
        return colon != text.startIndex
    }
}
