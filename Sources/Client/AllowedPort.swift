internal import Wire

/// A UDP port that peers may reach through this node, and where what they send is delivered.
///
/// Its text is that of `--allow`: `udp/7000` delivers to 127.0.0.1:7000, `udp/7000=192.168.1.5:53` to that address.
public struct AllowedPort: Hashable, Sendable {
    /// The port as peers name it.
    public let port: UInt16
    /// `ADDRESS:PORT` of the service.
    public let target: String

    /// Parses the text form.
    public init(_ text: String) throws(NodeFailure) {
        let problem = NodeFailure(
            .invalidArgument, "\(text) is no port to allow: write udp/PORT, or udp/PORT=ADDRESS:PORT to deliver elsewhere")
        guard text.hasPrefix("udp/") else { throw problem }
        let parts = text.dropFirst(4).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let port = UInt16(parts[0]), port > 0 else { throw problem }
        self.port = port
        if parts.count == 2 {
            guard let endpoint = Endpoint(parts[1]), endpoint.port > 0, endpoint.address.isUnicast else { throw problem }
            target = endpoint.description
        } else {
            target = "127.0.0.1:\(port)"
        }
    }

    /// Where datagrams go.
    var endpoint: Endpoint? { Endpoint(target) }
}
