/// One line of JSON that a program sends over the control socket; the node answers with `ControlReply` lines and closes.
///
/// Closing the connection cancels the request.
enum ControlRequest: Equatable, Sendable {
    case status
    case ping(PingRequest)
    case forward(ForwardRequest)
    case checkNetwork
    /// Stops the node.
    case stop
    /// Leaves the network, forgets the state and stops the node.
    case leave
}

/// What to ask of `LocalNode.ping`.
public struct PingRequest: Codable, Hashable, Sendable {
    /// The peer's name or node key.
    public var peer: String
    /// How many requests to send at most; nil means until the time is over.
    public var count: Int?
    /// Whether to stop at the first answer that came directly.
    public var untilDirect: Bool
    /// Seconds until the attempt ends.
    public var timeout: Double

    public init(peer: String, count: Int? = nil, untilDirect: Bool = false, timeout: Double = 10) {
        self.peer = peer
        self.count = count
        self.untilDirect = untilDirect
        self.timeout = timeout
    }
}

/// What to ask of `LocalNode.forward`.
public struct ForwardRequest: Codable, Hashable, Sendable {
    /// `ADDRESS:PORT` on this machine that applications send to; port 0 picks a free one.
    public var listen: String
    /// The peer's name or node key.
    public var peer: String
    /// The port as the peer's owner allowed it.
    public var port: UInt16

    public init(listen: String, peer: String, port: UInt16) {
        self.listen = listen
        self.peer = peer
        self.port = port
    }
}

extension ControlRequest: Codable {
    private enum Key: String, CodingKey {
        case command
        case arguments
    }

    private enum Command: String, Codable {
        case status, ping, forward, netcheck, stop, leave
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self =
            switch try container.decode(Command.self, forKey: .command) {
            case .status: .status
            case .ping: .ping(try container.decode(PingRequest.self, forKey: .arguments))
            case .forward: .forward(try container.decode(ForwardRequest.self, forKey: .arguments))
            case .netcheck: .checkNetwork
            case .stop: .stop
            case .leave: .leave
            }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .status:
            try container.encode(Command.status, forKey: .command)
        case .ping(let request):
            try container.encode(Command.ping, forKey: .command)
            try container.encode(request, forKey: .arguments)
        case .forward(let request):
            try container.encode(Command.forward, forKey: .command)
            try container.encode(request, forKey: .arguments)
        case .checkNetwork:
            try container.encode(Command.netcheck, forKey: .command)
        case .stop:
            try container.encode(Command.stop, forKey: .command)
        case .leave:
            try container.encode(Command.leave, forKey: .command)
        }
    }
}
