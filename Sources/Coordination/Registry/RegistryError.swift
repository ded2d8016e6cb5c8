internal import Wire

/// Why the registry refuses a request.
package enum RegistryError: Error, Equatable {
    /// No node has this token.
    case unauthorized
    case nodeExpired
    case joinKeyRequired
    case joinKeyUnknown
    case joinKeyUsed
    case joinKeyExpired
    case joinKeyRevoked
    /// The proof is of another key than the request needs.
    case proofRefused
    case challengeRefused
    case nameInvalid
    case nameTaken(String)
    case nodeKeyTaken
    case discoKeyTaken
    case nodeInOtherNetwork
    case keyInvalid
    case sequenceInvalid(Int64)
    case sequenceStale(given: Int64, stored: Int64)
    case candidateRefused(index: Int, CandidateRefusal)
    case tooManyCandidates(Int, limit: Int)
    case tooManyPathReports(Int, limit: Int)
    case textTooLong
    case joinKeyUsesInvalid
    case joinKeyLifetimeInvalid
    case networkUnknown
    case networkNotEmpty
    case networkIsDefault
    case nodeUnknown
    case networkFull(limit: Int)
    case tooManyNetworks(limit: Int)
    case tooManyJoinKeys(limit: Int)
    case tooManyRequests(retryAfter: Duration)
    /// More proofs within a minute than the server remembers.
    case tooManyChallenges
}

extension RegistryError {
    /// The problem document that answers the request.
    package var problem: Problem {
        switch self {
        case .unauthorized: Problem(.unauthorized)
        case .nodeExpired: Problem(.nodeExpired)
        case .joinKeyRequired: Problem(.joinKeyRequired)
        case .joinKeyUnknown: Problem(.joinKeyUnknown)
        case .joinKeyUsed: Problem(.joinKeyUsed)
        case .joinKeyExpired: Problem(.joinKeyExpired)
        case .joinKeyRevoked: Problem(.joinKeyRevoked)
        case .proofRefused: Problem(.proofRefused)
        case .challengeRefused: Problem(.challengeRefused)
        case .nameInvalid: Problem(.nameInvalid)
        case .nameTaken(let name): Problem(.nameTaken, detail: "\(name) is the name of another node or network")
        case .nodeKeyTaken: Problem(.nodeKeyTaken)
        case .discoKeyTaken: Problem(.discoKeyTaken)
        case .nodeInOtherNetwork: Problem(.nodeInOtherNetwork)
        case .keyInvalid: Problem(.keyInvalid)
        case .sequenceInvalid(let given): Problem(.invalidRequest, detail: "the sequence is \(given), not 1 to 2^53 - 1")
        case .sequenceStale(let given, let stored):
            Problem(.sequenceStale, detail: "the sequence is \(given), and \(stored) has been stored already")
        case .candidateRefused(let index, let refusal):
            Problem(.candidateRefused, detail: "candidate \(index) \(refusal.rawValue)")
        case .tooManyCandidates(let count, let limit):
            Problem(.tooManyCandidates, detail: "\(count) candidates, at most \(limit)")
        case .tooManyPathReports(let count, let limit):
            Problem(.tooManyPathReports, detail: "\(count) path reports, at most \(limit)")
        case .textTooLong:
            Problem(.invalidRequest, detail: "a note or reason has at most \(RegistryLimits.maximumTextLength) characters")
        case .joinKeyUsesInvalid:
            Problem(
                .invalidRequest,
                detail: "a join key admits 1 to \(RegistryLimits.maximumJoinKeyUses) nodes, or is reusable and gives no number")
        case .joinKeyLifetimeInvalid:
            Problem(.invalidRequest, detail: "a join key lives 1 to \(RegistryLimits.maximumJoinKeySeconds) seconds")
        case .networkUnknown: Problem(.networkUnknown)
        case .networkNotEmpty: Problem(.networkNotEmpty)
        case .networkIsDefault: Problem(.forbidden, detail: "the network `default` stays")
        case .nodeUnknown: Problem(.nodeUnknown)
        case .networkFull(let limit): Problem(.networkFull, detail: "at most \(limit) nodes")
        case .tooManyNetworks(let limit): Problem(.limitReached, detail: "at most \(limit) networks")
        case .tooManyJoinKeys(let limit): Problem(.limitReached, detail: "at most \(limit) join keys: revoke some")
        case .tooManyRequests(let delay):
            Problem(.tooManyRequests, retryAfterSeconds: max(1, Int(delay.inSeconds.rounded(.up))))
        case .tooManyChallenges: Problem(.unavailable, retryAfterSeconds: 60)
        }
    }
}
