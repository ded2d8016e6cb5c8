internal import Coordination
internal import Foundation
internal import Logging
internal import Relay
internal import TLS
internal import Wire

/// Who may use the relay, as the operator chose.
enum AdmissionPolicy: Sendable {
    /// Nodes of this server's coordination, each inside its network.
    case registered(CoordinationService)
    /// Anyone.
    case open
    /// The keys of a file.
    case list(NodeKeyList)
    /// Whom another server vouches for.
    case url(AdmissionQuestion)

    /// The decision where it is at hand: nil where the registry or another server has to be asked.
    func decideAtOnce(_ request: AdmissionRequest) -> AdmissionDecision? {
        switch self {
        case .open: .allow(network: 0)
        case .list(let list): list.contains(request.key) ? .allow(network: 0) : .deny
        case .registered, .url: nil
        }
    }

    func decide(_ request: AdmissionRequest) async -> AdmissionDecision {
        switch self {
        case .registered(let service): await service.admission(of: request.key).map { .allow(network: $0.rawValue) } ?? .deny
        case .url(let question): await question.ask(request) ? .allow(network: 0) : .deny
        case .open, .list: decideAtOnce(request) ?? .deny
        }
    }

    init(_ settings: Settings, service: CoordinationService, logger: Logger) throws(StartError) {
        switch settings.admission.mode {
        case .registered: self = .registered(service)
        case .open: self = .open
        case .list: self = .list(NodeKeyList(try NodeKeyList.read(settings.admission.list)))
        case .url: self = .url(try AdmissionQuestion(url: settings.admission.url, logger: logger))
        }
    }
}
