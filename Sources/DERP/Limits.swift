/// The sizes and times that both ends of a DERP connection keep.
package enum Limits {
    /// The protocol version that both sides announce.
    package static let protocolVersion = 2

    /// The most data one packet may carry; a larger one closes the connection. 64 KiB exactly are legal.
    package static let maximumPacketCount = 64 << 10

    /// The largest frame a client takes, so that a broken server cannot make it buffer without end.
    package static let maximumServerFrameCount = 1 << 20

    /// The largest `serverKey` frame a client takes: 40 bytes are known, the rest is for the future.
    package static let maximumGreetingCount = 1024

    /// The sizes a `clientInfo` payload may have: a key and a nonce at least, 256 KiB at most.
    package static let clientInfoCount = 56...(256 << 10)

    /// The sizes a ping may have: the first eight bytes come back, more are allowed for what may be added later.
    package static let pingCount = 8...1000

    /// How long each side waits for the other during login; with a silent peer nothing is held longer.
    package static let loginTimeout = Duration.seconds(10)

    /// How long an admission decision may take: a little longer than the HTTP question to an admission server.
    package static let admissionTimeout = Duration.seconds(15)

    /// The shortest time between keep-alives of one connection; clients give up after two of them.
    package static let keepAliveInterval = Duration.seconds(60)

    /// Up to so much is added to a connection's keep-alive interval, so that thousands of them do not fire together.
    package static let keepAliveJitter = Duration.seconds(5)

    /// A client that has not received a byte for so long takes the connection for dead.
    package static let silenceTimeout = Duration.seconds(120)

    /// Pings answered per second and in a burst. A client sends one now and then to measure; more is a nuisance.
    package static let pongRate = 16.0
    package static let pongBurst = 64.0

    /// `peerGone(notHere)` frames sent to one client per second and in a burst: enough to end a probe, useless to scan for keys.
    package static let notHereRate = 1.0
    package static let notHereBurst = 3.0

    /// How much of a client's application name is kept, in Unicode scalars: the name is for statistics only.
    package static let maximumApplicationNameCount = 64
}
