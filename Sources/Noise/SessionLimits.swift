/// The numbers of a session. The times are WireGuard's, whose reasons hold here too (whitepaper §6).
package struct SessionLimits: Sendable {
    /// The initiator renews keys of this age as soon as it has something to send.
    package var rekeyAfter: Duration = .seconds(120)
    /// Keys of this age are used no more.
    package var keyLifetime: Duration = .seconds(180)
    /// The initiator renews keys of this age when it only receives: in time before they end.
    package var rekeyWhenReceivingAfter: Duration = .seconds(165)
    /// Packets after which keys are renewed, whatever their age. The cipher bears 2^64 (Noise §11.5).
    package var rekeyAfterPackets: UInt64 = 1 << 48
    /// The wait for an answer to the first initiation. It doubles each time, and gets up to a third longer at random.
    package var firstRetry: Duration = .seconds(1)
    /// The longest wait, WireGuard's fixed one.
    package var longestRetry: Duration = .seconds(5)
    /// After so long without an answer the handshake is given up, until there is something to send again.
    package var attemptTime: Duration = .seconds(90)
    /// Who has received and has nothing to send sends an empty packet after this time, so that the other side knows.
    package var keepaliveAfter: Duration = .seconds(10)
    /// Who has sent and heard nothing for this long takes the other side's keys for lost, and starts over.
    package var answerWithin: Duration = .seconds(15)
    /// How long a responder waits to be confirmed before it starts a handshake of its own, if it has something to send.
    package var confirmationWithin: Duration = .seconds(1)
    /// Crossing initiations: so many of its own the side with the lower key defends. Then it gives in: perhaps the other
    /// side refuses them, as it does when the clock of this one has gone back.
    package var defendedInitiations = 2
    /// Packets that wait for a handshake; then the oldest goes.
    package var queuedPackets = 64
    /// Bytes that wait for a handshake; then the oldest goes. Two of the largest packets.
    package var queuedBytes = 128 << 10
    /// Initiations of the peer that are opened, a second: each costs two X25519 operations, 0.1 ms.
    package var openedInitiations = (rate: 20.0, burst: 40.0)
    /// Initiations of the peer that are answered, a second: an honest one repeats no faster.
    package var answeredInitiations = (rate: 1.0, burst: 5.0)
    /// The shortest time between two handshakes that an unknown index sets off.
    package var recoveryInterval: Duration = .seconds(5)

    package static let standard = SessionLimits()
}
