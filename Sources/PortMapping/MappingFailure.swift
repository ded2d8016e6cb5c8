package import Wire

/// Why there is no mapping.
package enum MappingFailure: Error, Hashable, Sendable {
    /// The gateway did not answer in time.
    case noAnswer
    /// The gateway's operator does not allow it.
    case notAuthorized
    /// The gateway has no connection to the outside.
    case networkDown
    /// No port, memory or quota is left.
    case outOfResources
    /// The gateway speaks the protocol but not what we need of it.
    case unsupported
    /// The gateway cannot be reached by the address that it calls its external one.
    case unusableAddress(IPAddress)
    /// Every external port that was asked for belongs to somebody else.
    case portConflict
    /// The UPnP device has no service that maps ports, or its description makes no sense.
    case noService
    /// Another refusal, with the protocol's own code.
    case refused(MappingMethod, code: Int)
}

extension MappingFailure {
    /// How much it explains: of several protocols' failures, people are told the weightiest.
    var weight: Int {
        switch self {
        case .noService: 0
        case .noAnswer: 1
        case .unsupported: 2
        case .outOfResources, .portConflict, .refused: 3
        case .notAuthorized: 4
        // A gateway without a public address refuses everything, and only some of its answers say why.
        case .networkDown: 5
        case .unusableAddress: 6
        }
    }
}
