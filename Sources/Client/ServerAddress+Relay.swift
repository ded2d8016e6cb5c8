internal import FoundationEssentials

extension ServerAddress {
    /// Where the relay is that a server names by a base URL.
    ///
    /// The server's certificate pin holds for its own host only; a relay elsewhere needs a certificate that the system trusts. Nil
    /// for what is no `http` or `https` URL, and for plain HTTP at the word of a server that is spoken to by TLS.
    init?(relay url: String, of server: ServerAddress) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            scheme == "https" || (scheme == "http" && !server.usesTLS), let name = parts.host, !name.isEmpty,
            (1...65_535).contains(parts.port ?? 443)
        else { return nil }
        let host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
        let usesTLS = scheme == "https"
        self.init(
            host: host, port: parts.port ?? (usesTLS ? 443 : 80), usesTLS: usesTLS, pin: host == server.host ? server.pin : nil,
            key: nil)
    }
}
