import Traversal
import Wire

extension PathAgent {
    /// Sends the probes that are due, as the only peer's agent of a node that has sent none before.
    mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        var allowance = ProbeAllowance(at: now)
        deadlineReached(at: now, allowance: &allowance, using: &random, effects: &effects)
    }
}
