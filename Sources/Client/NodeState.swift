internal import Coordination
internal import CryptoBox
internal import FoundationEssentials
internal import Wire

/// What a node keeps between runs: its keys and token, and where its server is.
///
/// It has no description, so that no secret slips into a log.
struct NodeState: Sendable {
    let nodeKey: NodePrivateKey
    let discoKey: DiscoPrivateKey
    var server: ServerAddress
    var name: String
    var network: String
    /// The bearer token; nil before the first registration.
    var token: BearerToken?

    /// Where STUN answers, as the server named it last.
    var stunServers: [Endpoint] = []

    /// The external port that a gateway mapped last, to be asked for again.
    var externalPort: UInt16?

    /// A node that has not joined yet.
    init(server: ServerAddress, name: String) {
        var random = SystemRandomNumberGenerator()
        nodeKey = NodePrivateKey(using: &random)
        discoKey = DiscoPrivateKey(using: &random)
        self.server = server
        self.name = name
        network = ""
    }

    /// The state of the node that `options` describe, with the join key of the line if there is one.
    ///
    /// A line names the server anew; the keys stay.
    static func load(for options: NodeOptions) throws(NodeFailure) -> (NodeState, JoinKeySecret?) {
        let known = try options.state.load()
        guard let text = options.joinLine else {
            guard var known else {
                throw NodeFailure(
                    .invalidArgument,
                    "this node has not joined a network yet: run `causeway up 'LINE'` with the line of `causeway-server invite`")
            }
            if let name = options.name, name != known.name {
                known.name = name
                known.token = nil
            }
            return (known, nil)
        }
        let line: JoinLine
        do {
            line = try JoinLine(parsing: text)
        } catch {
            throw NodeFailure(.invalidArgument, error.description)
        }
        let server = ServerAddress(
            host: line.host, port: Int(line.port), usesTLS: !line.isPlainHTTP, pin: line.certificatePin, key: known?.server.key)
        var state = known ?? NodeState(server: server, name: options.name ?? HostName.label)
        if state.server != server {
            // Another server, or the same with another certificate: the token has to be shown to be good there.
            state.server = server
            state.server.key = nil
            state.token = nil
        }
        if let name = options.name, name != state.name {
            state.name = name
            state.token = nil
        }
        return (state, line.joinKey)
    }

    init(json: Data) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: json)
        guard let nodeKey = NodePrivateKey(stored.nodePrivateKey), let discoKey = DiscoPrivateKey(stored.discoPrivateKey) else {
            throw NodeFailure(.failed, "the keys are not readable")
        }
        self.nodeKey = nodeKey
        self.discoKey = discoKey
        server = stored.server
        name = stored.name
        network = stored.network
        token = stored.token
        stunServers = stored.stunServers ?? []
        externalPort = stored.externalPort
    }

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(
            Stored(
                version: 1, nodePrivateKey: nodeKey.secretText, discoPrivateKey: discoKey.secretText, server: server, name: name,
                network: network, token: token, stunServers: stunServers, externalPort: externalPort))
    }

    private struct Stored: Codable {
        var version: Int
        var nodePrivateKey: String
        var discoPrivateKey: String
        var server: ServerAddress
        var name: String
        var network: String
        var token: BearerToken?
        var stunServers: [Endpoint]?
        var externalPort: UInt16?
    }
}

/// Where the server is and how it proves itself.
struct ServerAddress: Codable, Hashable, Sendable {
    var host: String
    var port: Int
    /// Whether TLS is spoken; plain HTTP is for development.
    var usesTLS: Bool
    /// The certificate's pin, `sha256-raw:` and hexadecimal digits; nil means the system's roots.
    var pin: String?
    /// The server's public key in text form: the relay key and the other side of every proof.
    var key: String?

    /// `host:port`, as the header `Host` carries it.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// `https://host:port`, for messages and status.
    var url: String { "\(usesTLS ? "https" : "http")://\(authority)" }
}
