internal import FoundationEssentials
internal import Wire

/// The HTTP proxy that the environment names, through which the server is reached by CONNECT (RFC 9110 §9.3.6).
struct HTTPProxy: Equatable, Sendable {
    var host: String
    var port: Int
    /// The value of `Proxy-Authorization`; nil without user and password.
    var authorization: String?

    /// The proxy for a server, from `HTTPS_PROXY` (or `HTTP_PROXY` for plain HTTP), unless `NO_PROXY` excepts the server.
    ///
    /// The lower-case names count too, and first, as curl has it. A server on this machine is never reached through a proxy.
    static func from(environment: [String: String], for server: ServerAddress) -> HTTPProxy? {
        let name = server.usesTLS ? "https_proxy" : "http_proxy"
        guard let value = environment[name] ?? environment[name.uppercased()], !value.isEmpty,
            !isExcepted(server.host, by: environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")
        else { return nil }
        return HTTPProxy(value)
    }

    /// Parses `http://user:password@host:port`; scheme, user and port may be missing. Only proxies that are spoken to in clear.
    init?(_ text: String) {
        let url = text.contains("://") ? text : "http://" + text
        guard let parts = URLComponents(string: url), parts.scheme?.lowercased() == "http", let host = parts.host, !host.isEmpty
        else { return nil }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? 80
        if let user = parts.user {
            let credentials = Data("\(user):\(parts.password ?? "")".utf8)
            authorization = "Basic " + credentials.base64EncodedString()
        }
    }

    /// The request that opens the tunnel.
    func request(to server: ServerAddress) -> String {
        var lines = ["CONNECT \(server.authority) HTTP/1.1", "Host: \(server.authority)", "User-Agent: causeway"]
        if let authorization { lines.append("Proxy-Authorization: \(authorization)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    private static func isExcepted(_ host: String, by list: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || IPAddress(host)?.isLoopback == true { return true }
        return list.lowercased().split(separator: ",").contains { entry in
            var name = entry.drop { $0 == " " }
            while name.last == " " { name.removeLast() }
            if name == "*" { return true }
            if name.hasPrefix(".") { name = name.dropFirst() }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }
}
