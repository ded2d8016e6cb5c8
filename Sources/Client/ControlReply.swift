/// One line of JSON that a node answers over its control socket.
enum ControlReply: Equatable, Sendable {
    case status(NodeStatus)
    case pong(PingReply)
    /// The forward accepts datagrams at this `ADDRESS:PORT`.
    case listening(String)
    case network(NetworkReport)
    /// The request is fulfilled: the last line.
    case done
    /// The request failed: the last line.
    case failed(NodeFailure)
}

extension ControlReply: Codable {
    private enum Key: String, CodingKey {
        case status, reply, listening, network, done, failure
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch container.allKeys.first {
        case .status: self = .status(try container.decode(NodeStatus.self, forKey: .status))
        case .reply: self = .pong(try container.decode(PingReply.self, forKey: .reply))
        case .listening: self = .listening(try container.decode(String.self, forKey: .listening))
        case .network: self = .network(try container.decode(NetworkReport.self, forKey: .network))
        case .done: self = .done
        case .failure: self = .failed(try container.decode(NodeFailure.self, forKey: .failure))
        case nil:
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "the reply is of no known kind"))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .status(let status): try container.encode(status, forKey: .status)
        case .pong(let reply): try container.encode(reply, forKey: .reply)
        case .listening(let endpoint): try container.encode(endpoint, forKey: .listening)
        case .network(let report): try container.encode(report, forKey: .network)
        case .done: try container.encode(true, forKey: .done)
        case .failed(let failure): try container.encode(failure, forKey: .failure)
        }
    }
}
