internal import NIOConcurrencyHelpers
internal import Wire

/// The connections whose first request is not known yet, or whose client has not logged in to the relay, counted by source.
///
/// It never holds more entries than connections, and those are bounded.
final class HalfOpenTable: Sendable {
    private struct State {
        var total = 0
        var bySource: [IPAddress: Int] = [:]
    }

    enum Admission {
        case admitted
        /// Too many in all.
        case full
        /// Too many of this source.
        case sourceFull
    }

    private let limits: FrontLimits
    private let state = NIOLockedValueBox(State())

    init(_ limits: FrontLimits) {
        self.limits = limits
    }

    var count: Int { state.withLockedValue { $0.total } }

    /// Takes a place for a connection, which `leave` gives back.
    func enter(_ address: IPAddress) -> Admission {
        let source = Self.source(of: address)
        return state.withLockedValue { state in
            guard state.total < limits.halfOpen else { return .full }
            let count = state.bySource[source, default: 0]
            // The fuller the table, the less for each: a few sources cannot fill it together, and who has none yet finds a place.
            let share = max(1, (limits.halfOpen - state.total) / 4)
            guard count < min(limits.halfOpenPerSource, share) else { return .sourceFull }
            state.bySource[source] = count + 1
            state.total += 1
            return .admitted
        }
    }

    func leave(_ address: IPAddress) {
        let source = Self.source(of: address)
        state.withLockedValue { state in
            state.total -= 1
            let count = state.bySource[source, default: 0] - 1
            state.bySource[source] = count > 0 ? count : nil
        }
    }

    /// A site has one IPv4 address, or a /64 of IPv6.
    private static func source(of address: IPAddress) -> IPAddress {
        let address = address.canonical
        return address.isIPv4 ? address : address.prefix(64)
    }
}
