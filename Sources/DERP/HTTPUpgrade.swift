package import Wire

/// The HTTP/1.1 texts around a DERP connection. They are fixed but for keys and names, so that no HTTP library is needed to write them.
package enum HTTPUpgrade {
    /// The path that is upgraded.
    package static let path = "/derp"
    /// The sub-protocol of a WebSocket connection that carries DERP in binary messages.
    package static let webSocketProtocol = "derp"
    /// The request header with which a client says that it wants no reply head: frames follow at once.
    package static let fastStartHeader = "Derp-Fast-Start"
    /// The request header with which a client names the node of the region that it would rather be connected to.
    package static let idealNodeHeader = "Ideal-Node"

    /// The head of the reply that opens the stream; under fast start none is sent.
    package static func reply(serverKey: NodeKey) -> [UInt8] {
        lines([
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: DERP",
            "Connection: Upgrade",
            "Derp-Version: \(Limits.protocolVersion)",
            "Derp-Public-Key: \(serverKey.untypedText)",
        ])
    }

    /// The head of the reply that opens a WebSocket (RFC 6455 §4.2.2); `accept` is computed from the request's key.
    package static func webSocketReply(accept: String) -> [UInt8] {
        lines([
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Accept: \(accept)",
            "Sec-WebSocket-Protocol: \(webSocketProtocol)",
        ])
    }

    /// The head of a client's request; `host` is what it dialled, with the port unless it is the scheme's own.
    package static func request(host: String, userAgent: String, isFastStart: Bool = false) -> [UInt8] {
        lines(
            [
                "GET \(path) HTTP/1.1",
                "Host: \(host)",
                "User-Agent: \(userAgent)",
                "Connection: Upgrade",
                "Upgrade: DERP",
            ] + (isFastStart ? ["\(fastStartHeader): 1"] : []))
    }

    private static func lines(_ lines: [String]) -> [UInt8] {
        Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
