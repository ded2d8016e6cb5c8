/// The result codes of PCP (RFC 6887 §7.4).
package enum PCPResult: UInt8, CaseIterable, Sendable {
    case success = 0
    case unsupportedVersion = 1
    case notAuthorized = 2
    case malformedRequest = 3
    case unsupportedOpcode = 4
    case unsupportedOption = 5
    case malformedOption = 6
    case networkFailure = 7
    case noResources = 8
    case unsupportedProtocol = 9
    case userExceededQuota = 10
    case cannotProvideExternal = 11
    case addressMismatch = 12
    case excessiveRemotePeers = 13

    /// What the code means for a mapping; nil for success.
    var failure: MappingFailure? {
        switch self {
        case .success: nil
        case .notAuthorized: .notAuthorized
        case .networkFailure: .networkDown
        case .noResources, .userExceededQuota, .excessiveRemotePeers: .outOfResources
        case .unsupportedVersion, .unsupportedOpcode, .unsupportedOption, .unsupportedProtocol: .unsupported
        case .cannotProvideExternal: .portConflict
        case .malformedRequest, .malformedOption, .addressMismatch: .refused(.pcp, code: Int(rawValue))
        }
    }
}
