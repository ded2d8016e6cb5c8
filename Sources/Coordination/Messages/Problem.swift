/// What can go wrong at the API, each with a stable name that clients may rely on.
package enum ProblemType: String, CaseIterable, Sendable {
    case invalidRequest = "invalid-request"
    case bodyTooLarge = "body-too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case unauthorized
    case forbidden
    case nodeExpired = "node-expired"
    case joinKeyRequired = "join-key-required"
    case joinKeyUnknown = "join-key-unknown"
    case joinKeyUsed = "join-key-used"
    case joinKeyExpired = "join-key-expired"
    case joinKeyRevoked = "join-key-revoked"
    case proofRefused = "proof-refused"
    case challengeRefused = "challenge-refused"
    case nameInvalid = "name-invalid"
    case nameTaken = "name-taken"
    case nodeKeyTaken = "node-key-taken"
    case discoKeyTaken = "disco-key-taken"
    case nodeInOtherNetwork = "node-in-other-network"
    case keyInvalid = "key-invalid"
    case sequenceStale = "sequence-stale"
    case candidateRefused = "candidate-refused"
    case tooManyCandidates = "too-many-candidates"
    case tooManyPathReports = "too-many-path-reports"
    case networkUnknown = "network-unknown"
    case networkNotEmpty = "network-not-empty"
    case nodeUnknown = "node-unknown"
    case networkFull = "network-full"
    case limitReached = "limit-reached"
    case tooManyRequests = "too-many-requests"
    case storageFailed = "storage-failed"
    case unavailable
    case internalError = "internal-error"

    /// The `type` of the problem document: a URI that never changes and need not lead anywhere (RFC 9457 §3.1.1).
    package var uri: String { Self.uriPrefix + rawValue }

    /// The type of a problem document's URI, or nil for one that this version does not know.
    package init?(uri: some StringProtocol) {
        guard uri.hasPrefix(Self.uriPrefix) else { return nil }
        self.init(rawValue: String(uri.dropFirst(Self.uriPrefix.count)))
    }

    private static var uriPrefix: String { "urn:causeway:problem:" }

    /// The HTTP status that goes with it.
    package var status: Int {
        switch self {
        case .invalidRequest: 400
        case .unauthorized: 401
        case .forbidden, .nodeExpired, .joinKeyRequired, .joinKeyUnknown, .joinKeyUsed, .joinKeyExpired,
            .joinKeyRevoked,
            .proofRefused, .challengeRefused:
            403
        case .notFound, .networkUnknown, .nodeUnknown: 404
        case .methodNotAllowed: 405
        case .nameTaken, .nodeKeyTaken, .discoKeyTaken, .nodeInOtherNetwork, .sequenceStale, .networkNotEmpty,
            .networkFull, .limitReached:
            409
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .nameInvalid, .keyInvalid, .candidateRefused, .tooManyCandidates, .tooManyPathReports: 422
        case .tooManyRequests: 429
        case .internalError: 500
        case .storageFailed, .unavailable: 503
        }
    }

    /// The `title`: the same for each occurrence.
    package var title: String {
        switch self {
        case .invalidRequest: "The request cannot be understood"
        case .bodyTooLarge: "The request's body is too large"
        case .unsupportedMediaType: "The request's body must be JSON"
        case .notFound: "There is nothing at this path"
        case .methodNotAllowed: "This path does not take this method"
        case .unauthorized: "The token is missing or not valid"
        case .forbidden: "This is not allowed"
        case .nodeExpired: "The node has expired: register again with a join key"
        case .joinKeyRequired: "A node that the server does not know needs a join key"
        case .joinKeyUnknown: "There is no such join key"
        case .joinKeyUsed: "The join key has been used up"
        case .joinKeyExpired: "The join key has expired"
        case .joinKeyRevoked: "The join key has been revoked"
        case .proofRefused: "The proof of possession of the node key is refused"
        case .challengeRefused:
            "The challenge is not valid: it is old, was used before, or is not this server's"
        case .nameInvalid:
            "A name is 1 to 63 letters a-z, digits and hyphens, with no hyphen at its ends"
        case .nameTaken: "The name is taken"
        case .nodeKeyTaken: "The node key belongs to another node"
        case .discoKeyTaken: "The disco key belongs to another node"
        case .nodeInOtherNetwork: "The node is in another network: let it leave that one first"
        case .keyInvalid: "The key is not usable"
        case .sequenceStale: "A later candidate list has been stored already"
        case .candidateRefused: "A candidate is refused"
        case .tooManyCandidates: "There are too many candidates"
        case .tooManyPathReports: "There are too many path reports"
        case .networkUnknown: "There is no such network"
        case .networkNotEmpty: "The network still has nodes"
        case .nodeUnknown: "There is no such node"
        case .networkFull: "The network has as many nodes as it may have"
        case .limitReached: "There are as many of these as there may be"
        case .tooManyRequests: "Too many requests"
        case .storageFailed: "The change could not be stored"
        case .unavailable: "The server cannot do this at the moment"
        case .internalError: "The server made a mistake"
        }
    }
}

/// A problem document (RFC 9457), `application/problem+json`.
package struct Problem: Codable, Error, Equatable, Sendable {
    package static let mediaType = "application/problem+json"

    package var type: String
    package var title: String
    package var status: Int
    /// What went wrong this time, for people.
    package var detail: String?
    /// After how many seconds it is worth trying again; also in the header `Retry-After`.
    package var retryAfterSeconds: Int?

    package init(_ type: ProblemType, detail: String? = nil, retryAfterSeconds: Int? = nil) {
        self.type = type.uri
        title = type.title
        status = type.status
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The stable name, or nil for one that this version does not know.
    package var problemType: ProblemType? { ProblemType(uri: type) }
}
