internal import Wire

/// What a load pattern hears of its links. Everything it sends has to wait for `wakeUpEnded`, when no session is in work.
protocol LinkObserver: AnyObject {
    func becameReady(_ link: Link, at now: Instant)
    func packetReceived(_ link: Link, _ data: RawSpan, at now: Instant)
    func becameWritable(_ link: Link)
    func closed(_ link: Link, _ reason: String)
}
